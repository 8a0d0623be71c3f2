#!/usr/bin/env bash
# Makes the authority and the server certificate of the simulation. The other tests make theirs when they run.
set -eu
cd "$(dirname "$0")"
days=36500
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -subj "/CN=questdb-ingress test authority" -days $days -out ca.pem \
  -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out server.key
openssl req -new -key server.key -subj "/CN=db" |
  openssl x509 -req -CA ca.pem -CAkey ca.key -set_serial 2 -days $days -out server.pem \
    -extfile <(printf 'subjectAltName=DNS:db\nextendedKeyUsage=serverAuth\n')
# Nothing else is to be signed by it.
rm ca.key
