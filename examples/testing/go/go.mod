module questdb-ingress/examples/testing/go

go 1.19

require questdb-ingress/bindings/go v0.0.0

replace questdb-ingress/bindings/go => ../../../bindings/go
