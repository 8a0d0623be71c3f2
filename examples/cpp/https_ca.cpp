// HTTPS with your own certificate authority and a user:
// ./https_ca "https::addr=localhost:9000;username=admin;password=quest;" ca.pem
#include <iostream>
#include <questdb_ingress.hpp>

static void run(const char *conf, const char *ca_file) {
    // Options that are set one by one need no escaping of ';', unlike in a connection string.
    questdb::config config{conf};
    config.set("tls_roots", ca_file);
    questdb::sender sender{config};
    sender.table("secrets").column("word", "caffè").at(questdb::timestamp_nanos{1700000000000000000});
    sender.close(std::chrono::seconds{10});
}

int main(int argc, char **argv) {
    if (argc < 3) {
        std::cerr << "usage: " << argv[0] << " <connection string> <file with certificates>\n";
        return 2;
    }
    try {
        run(argv[1], argv[2]);
        return 0;
    } catch (const questdb::error &failed) {
        std::cerr << failed.what() << "\n";
        return 1;
    }
}
