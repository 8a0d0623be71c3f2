// Sends one buffer of your own to two servers:
// ./two_servers "http::addr=first:9000;" "http::addr=second:9000;"
#include <iostream>
#include <questdb_ingress.hpp>

static void run(const char *first_conf, const char *second_conf) {
    questdb::sender first{first_conf};
    questdb::sender second{second_conf};
    // A server accepts buffers of its own protocol version and of older ones: take the older of
    // the two versions.
    questdb::buffer rows = (first.protocol_version() > second.protocol_version() ? second : first).new_buffer();
    for (int i = 0; i < 3; i++)
        rows.table("pulses").column("number", i).at(questdb::timestamp_nanos{1700000000000000000 + i});
    first.flush_and_keep(rows);
    second.flush(rows);  // clears the buffer, which can be filled again
}

int main(int argc, char **argv) {
    if (argc < 3) {
        std::cerr << "usage: " << argv[0] << " <connection string> <connection string>\n";
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
