// ILP over TCP, authenticated with an ECDSA key:
// ./tcp_auth "tcp::addr=localhost:9009;username=testUser1;token=<d>;token_x=<x>;token_y=<y>;"
#include <iostream>
#include <questdb_ingress.hpp>

static void run(const char *conf) {
    // Connects and signs the server's challenge; AUTH if the server refuses the key.
    questdb::sender sender{conf};
    sender.table("meters").symbol("room", "hall").column("celsius", 21.5).column("valid", true).at(
        questdb::timestamp_micros{1700000000000000});
    // TCP has no acknowledgement: success means that the kernel took the bytes. A server that refuses them closes the
    // connection, which a later flush reports.
    sender.close(std::chrono::seconds{10});
}

int main(int argc, char **argv) {
    if (argc < 2) {
        std::cerr << "usage: " << argv[0] << " <connection string>\n";
        return 2;
    }
    try {
        run(argv[1]);
        return 0;
    } catch (const questdb::error &failed) {
        std::cerr << failed.what() << "\n";
        return 1;
    }
}
