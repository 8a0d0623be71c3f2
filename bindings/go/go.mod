module questdb-ingress/bindings/go

go 1.19
