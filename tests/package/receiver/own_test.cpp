// A user's test in C++: the client sends rows to a receiver in the same process, and the test looks at them.
#include <questdb_ingress.hpp>
#include <questdb_receiver.hpp>

#include <chrono>
#include <iostream>
#include <string>

#define CHECK(condition)                                                            \
    if (!(condition)) {                                                             \
        std::cerr << __FILE__ << ":" << __LINE__ << ": " << #condition << std::endl; \
        return 1;                                                                   \
    }

int main() {
    questdb::receiver receiver;
    questdb::sender sender{receiver.conf(QUESTDB_RECEIVER_LISTENER_HTTP)};
    sender.table("trades").symbol("symbol", "ETH-USD").column("price", 2615.54).at(questdb::timestamp_micros{1});
    sender.flush();
    receiver.wait_for_rows("trades", 1, std::chrono::seconds{10});
    const std::string row = R"({"symbol":"ETH-USD","price":2615.54,"timestamp":"1970-01-01T00:00:00.000001Z"})";
    CHECK(receiver.table_json("trades").find(row) != std::string::npos);
    CHECK(receiver.row_count("trades") == 1 && receiver.row_count("none") == 0);
    CHECK(receiver.stat(QUESTDB_RECEIVER_STAT_ROWS) == 1);

    // A bad value is refused, and the receiver says why.
    sender.table("trades").column("price", "not a number").at_now();
    try {
        sender.flush();
        CHECK(false);
    } catch (const questdb::error &e) {
        CHECK(e.server_line() == 1);
    }
    CHECK(receiver.refusals_json().find(R"("code":"CAST")") != std::string::npos);

    receiver.clear();
    receiver.create_table("sums", {{"total", "DECIMAL"}});
    CHECK(receiver.tables_json().find(R"({"name":"total","type":"DECIMAL"})") != std::string::npos);
    ::ArrowArrayStream stream = receiver.table_arrow("sums");
    stream.release(&stream);
    try {
        receiver.wait_for_rows("sums", 1, std::chrono::milliseconds{1});
        CHECK(false);
    } catch (const questdb::receiver_error &e) {
        CHECK(e.code() == QUESTDB_RECEIVER_ERROR_CODE_TIMEOUT && std::string{e.code_name()} == "TIMEOUT");
    }
    try {
        questdb::receiver wrong{"no.such.key=1"};
        CHECK(false);
    } catch (const questdb::receiver_error &e) {
        CHECK(std::string{e.what()}.find("no.such.key") != std::string::npos);
    }
    questdb::receiver moved = std::move(receiver);
    moved.stop();
    CHECK(moved.port(QUESTDB_RECEIVER_LISTENER_TCP) != 0);
    std::cout << "rows arrived in a receiver of the test's own" << std::endl;
    return 0;
}
