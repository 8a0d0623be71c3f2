"""Certificates for tests, which openssl makes."""

import shutil
import subprocess


class Certificates:
    """An authority, a certificate of 127.0.0.1 that it signed, and an authority that signed nothing."""

    def __init__(self, folder, not_run):
        if shutil.which("openssl") is None:
            not_run("TLS: there is no openssl to make certificates with")
        self._folder = folder
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for name in ("ca", "stranger"):
            self._openssl("req", "-x509", *new, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30", "-subj", f"/CN={name}")
        self._openssl("req", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "2", "-days", "30", "-extfile", "names"]
        self._openssl("x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem")
        #: Files with the certificate of each authority.
        self.ca, self.stranger = folder / "ca.pem", folder / "stranger.pem"
        #: What a receiver needs to speak TLS.
        self.options = ["--tls", str(folder / "server.pem"), str(folder / "server.key")]

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)
