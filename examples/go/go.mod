module questdb-ingress/examples/go

go 1.19
