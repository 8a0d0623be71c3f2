module questdb-ingress/tests/conformance

go 1.19

require questdb-ingress/examples/go v0.0.0

replace questdb-ingress/examples/go => ../../../examples/go
