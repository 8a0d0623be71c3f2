// The wrapper's sender against a server: ./sender "http::addr=127.0.0.1:9000;"
#include <questdb_ingress.hpp>

#include <atomic>
#include <cstdio>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

using questdb::timestamp_nanos;

static int passed = 0, failed = 0;
static void check(bool ok, const std::string &what) {
    ++(ok ? passed : failed);
    if (!ok) std::printf("FAILED: %s\n", what.c_str());
}
template <class F>
static std::optional<questdb::error> thrown(F &&work) {
    try {
        work();
        return std::nullopt;
    } catch (const questdb::error &e) {
        return e;
    }
}
static void expect(const char *what, const std::optional<questdb::error> &e, questdb::error_code code, questdb::outcome known) {
    check(e && e->code() == code && e->outcome() == known,
          std::string(what) + ": " + (e ? std::string(e->code_name()) + ": " + e->what() : "nothing thrown"));
}

static void rows(const std::string &conf) {
    questdb::sender sender{conf + "auto_flush_rows=3;auto_flush_interval=off;"};
    check(sender.protocol_version() >= 2 && sender.max_name_len() >= 16, "what the server told");
    for (int i = 0; i < 7; ++i) {
        questdb::row row = sender.table("cpp_rows").symbol("s", "a");
        if (i % 2 == 0) row.column("even", i);
        row.column("x", 0.5 * i).at(timestamp_nanos{1 + i});
    }
    check(sender.stat(QUESTDB_STAT_FLUSHES) == 2 && sender.stat(QUESTDB_STAT_ROWS_COMMITTED) == 6, "rows leave by themselves");
    check(sender.own_buffer().row_count() == 1, "one row waits");
    const auto layout = questdb::row_layout{"cpp_rows"}.add("s", QUESTDB_COLUMN_KIND_SYMBOL).add<double>("x");
    sender.append(layout, timestamp_nanos{8}, "b", 1.0).append(layout, layout.row(timestamp_nanos{9}, "b", 2.0));
    check(sender.stat(QUESTDB_STAT_FLUSHES) == 3 && sender.own_buffer().empty(), "prepared rows count too");
    const std::vector<std::int64_t> at{10, 11};
    const std::vector<std::int32_t> offsets{0, 1, 2};
    sender.append_columns(layout, at, questdb::column_data::texts(offsets, "cd"), std::vector<double>{3, 4});
    sender.own_buffer().table("cpp_rows").symbol("s", "e").at_now();
    sender.flush_if_due();
    check(sender.stat(QUESTDB_STAT_FLUSHES) == 4 && sender.own_buffer().empty(), "flush if due");

    questdb::sender moved = std::move(sender);
    expect("moved from", thrown([&] { static_cast<void>(sender.table("t")); }), QUESTDB_ERROR_CODE_INVALID_ARGUMENT, QUESTDB_OUTCOME_NOT_SENT);
    expect("flush after move", thrown([&] { sender.flush(); }), QUESTDB_ERROR_CODE_INVALID_ARGUMENT, QUESTDB_OUTCOME_NOT_SENT);
    check(sender.stat(QUESTDB_STAT_FLUSHES) == 0 && sender.protocol_version() == 0, "moved from tells nothing");
    questdb::buffer rows = moved.new_buffer();
    rows.table("cpp_rows").symbol("s", "f").at_now();
    moved.flush_and_keep(rows, true);
    check(rows.row_count() == 1, "kept");
    std::thread{[&] { moved.flush(rows); }}.join();
    check(rows.empty() && moved.stat(QUESTDB_STAT_ROWS_COMMITTED) == 14, "cleared");
    moved.table("cpp_rows").symbol("s", "g").at_now();
    check(moved.close(std::chrono::seconds{10}) == 0 && moved.stat(QUESTDB_STAT_ROWS_COMMITTED) == 15, "closing sends the rest");
    expect("closed", thrown([&] { moved.flush(rows.table("t").symbol("s", "a").at_now()); }), QUESTDB_ERROR_CODE_INVALID_STATE,
           QUESTDB_OUTCOME_NOT_SENT);
}

/// Rows that cannot be ended, are forgotten or are torn by an exception take no other row with them.
static void complete_rows_go(const std::string &conf) {
    questdb::sender sender{conf + "auto_flush_rows=2;auto_flush_interval=off;"};
    const std::optional<int> values[][2] = {{1, 2}, {3, {}}, {{}, {}}, {5, 6}, {7, 8}};
    int refused = 0;
    for (const auto &[x, y] : values)
        if (thrown([&, x = x, y = y] { sender.table("cpp_optionals").column("x", x).column("y", y).at(timestamp_nanos{1}); })) ++refused;
    check(refused == 1 && sender.stat(QUESTDB_STAT_ROWS_COMMITTED) == 4 && sender.own_buffer().empty(), "four rows of five are stored");
    try {
        questdb::row row = sender.table("cpp_optionals").column("x", 9);
        throw std::runtime_error("of the application");
    } catch (const std::runtime_error &) {
    }
    sender.table("cpp_optionals").column("x", 10).at(timestamp_nanos{2});
    check(!sender.own_buffer().is_row_open() && sender.own_buffer().row_count() == 1, "a row torn by an exception");

    questdb::row open = sender.table("cpp_optionals").column("x", 11);
    const auto closing = thrown([&] { sender.close(std::chrono::seconds{10}); });
    expect("closed with an open row", closing, QUESTDB_ERROR_CODE_INVALID_STATE, QUESTDB_OUTCOME_COMMITTED);
    check(closing && closing->unconfirmed_rows() == 0 && closing->earlier_rows_in_doubt() == 0, "nothing else is unconfirmed");
    check(sender.stat(QUESTDB_STAT_ROWS_COMMITTED) == 5, "the complete row was sent");
    expect("the row of a closed sender", thrown([&] { open.at_now(); }), QUESTDB_ERROR_CODE_INVALID_STATE, QUESTDB_OUTCOME_NOT_SENT);
    expect("a row for a closed sender", thrown([&] { static_cast<void>(sender.table("t")); }), QUESTDB_ERROR_CODE_INVALID_STATE,
           QUESTDB_OUTCOME_NOT_SENT);
    check(sender.close(std::chrono::seconds{10}) == 0, "closing again is fine when nothing was left");
}

/// One refused row does not hold the others back.
static void refused_rows_are_removed(const std::string &conf) {
    questdb::sender sender{conf + "auto_flush=off;"};
    for (int i = 1; i <= 5; ++i) {
        questdb::row row = sender.table("cpp_removed");
        if (i == 3) row.column("x", "text");
        else row.column("x", i);
        row.at(timestamp_nanos{i});
    }
    const auto refused = thrown([&] { sender.flush(); });
    expect("one row of five is wrong", refused, QUESTDB_ERROR_CODE_REJECTED, QUESTDB_OUTCOME_REJECTED);
    check(refused && refused->server_line() == 3 && sender.own_buffer().row_count() == 5, "it is named");
    if (refused) sender.own_buffer().remove_rows(static_cast<std::size_t>(refused->server_line()));
    sender.flush();
    check(sender.stat(QUESTDB_STAT_ROWS_COMMITTED) == 4, "four rows of five are stored");

    questdb::transaction all = sender.begin("cpp_removed");
    all.new_row().column("x", 6).at(timestamp_nanos{6});
    all.new_row().column("x", "text").at(timestamp_nanos{7});
    expect("commit", thrown([&] { all.commit(); }), QUESTDB_ERROR_CODE_REJECTED, QUESTDB_OUTCOME_REJECTED);
    check(all.is_open() && sender.in_transaction() && sender.own_buffer().row_count() == 2, "a failed commit keeps its rows");
    sender.own_buffer().remove_rows(2);
    all.commit();
    check(sender.stat(QUESTDB_STAT_ROWS_COMMITTED) == 5 && sender.close(std::chrono::seconds{10}) == 0, "and can be repeated");
}

static void transactions(const std::string &conf) {
    questdb::sender sender{conf + "auto_flush_rows=1;"};
    {
        questdb::transaction all = sender.begin("cpp_ledger");
        all.new_row().column("x", 1).at(timestamp_nanos{1});
        all.append(questdb::row_layout{"cpp_ledger"}.add<int>("x"), timestamp_nanos{2}, 2);
        check(sender.in_transaction() && all.is_open() && sender.stat(QUESTDB_STAT_FLUSHES) == 0, "open");
        questdb::transaction moved = std::move(all);
        check(moved.is_open() && !all.is_open(), "moved");
        expect("moved from", thrown([&] { all.commit(); }), QUESTDB_ERROR_CODE_INVALID_ARGUMENT, QUESTDB_OUTCOME_NOT_SENT);
        moved.commit();
        check(!moved.is_open() && !sender.in_transaction(), "committed");
        expect("twice", thrown([&] { moved.commit(); }), QUESTDB_ERROR_CODE_INVALID_ARGUMENT, QUESTDB_OUTCOME_NOT_SENT);
    }
    const auto broken = thrown([&] {
        questdb::transaction none = sender.begin("cpp_ledger");
        none.new_row().column("x", 3).at(timestamp_nanos{3});
        none.new_row().column("x?", 4).at_now();
    });
    expect("in a transaction", broken, QUESTDB_ERROR_CODE_INVALID_NAME, QUESTDB_OUTCOME_NOT_SENT);
    check(!sender.in_transaction() && sender.own_buffer().empty(), "rolled back by the destructor, also with an open row");
    const auto refused = thrown([&] {
        questdb::transaction kept = sender.begin("cpp_ledger");
        kept.new_row().column("x", "text").at(timestamp_nanos{3});
        kept.commit();
    });
    expect("refused", refused, QUESTDB_ERROR_CODE_REJECTED, QUESTDB_OUTCOME_REJECTED);
    check(sender.in_transaction() && sender.own_buffer().row_count() == 1, "a failed commit keeps its rows, also when the object is gone");
    expect("again", thrown([&] { sender.commit(); }), QUESTDB_ERROR_CODE_REJECTED, QUESTDB_OUTCOME_REJECTED);
    sender.rollback();
    check(!sender.in_transaction() && sender.own_buffer().empty(), "rolled back by the sender");
    questdb::transaction undone = sender.begin("cpp_ledger");
    expect("a transaction in another", thrown([&] { static_cast<void>(sender.begin("cpp_ledger")); }), QUESTDB_ERROR_CODE_INVALID_STATE,
           QUESTDB_OUTCOME_NOT_SENT);
    check(sender.in_transaction(), "the first one is still open");
    undone.new_row().column("x", 5).at_now();
    undone.rollback();
    check(sender.stat(QUESTDB_STAT_ROWS_COMMITTED) == 2 && sender.close(std::chrono::seconds{10}) == 0, "two rows in all");
}

static void refusals(const std::string &conf) {
    questdb::sender sender{conf + "auto_flush_rows=2;"};
    check(!sender.last_error(), "no error yet");
    sender.table("cpp_refused").column("x", 1).at(timestamp_nanos{1});
    const auto refused = thrown([&] { sender.table("cpp_refused").column("x", "text").at(timestamp_nanos{2}); });
    expect("refused", refused, QUESTDB_ERROR_CODE_REJECTED, QUESTDB_OUTCOME_REJECTED);
    check(refused && refused->row_accepted() && refused->http_status() == 400 && refused->server_line() == 2 &&
              refused->attempts() == 1 && !refused->server_error_id().empty() && !refused->in_doubt() && !refused->retryable(),
          "what the error tells");
    check(sender.own_buffer().row_count() == 2, "the rows stay");
    const auto last = sender.last_error();
    check(last && last->code() == QUESTDB_ERROR_CODE_REJECTED, "last error");
    sender.table("cpp_refused").column("x", 3).at(timestamp_nanos{3});
    check(sender.stat(QUESTDB_STAT_FAILED_AUTO_FLUSHES) == 1 && sender.own_buffer().row_count() == 3,
          "what was refused is not sent again by itself");
    sender.own_buffer().remove_rows(3);
    const auto closing = thrown([&] { sender.close(std::chrono::seconds{10}); });
    expect("close", closing, QUESTDB_ERROR_CODE_REJECTED, QUESTDB_OUTCOME_REJECTED);
    check(closing && closing->unconfirmed_rows() == 2, "rows that were not handed over");
}

/// A port of our own, on which nobody listens until `listen` is called; connections are then made, and nobody reads.
class port {
  public:
    port() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        check(::bind(socket_, reinterpret_cast<sockaddr *>(&address), size) == 0 &&
                  ::getsockname(socket_, reinterpret_cast<sockaddr *>(&address), &size) == 0,
              "bind");
        number_ = ntohs(address.sin_port);
    }
    ~port() { ::close(socket_); }
    void listen() { check(::listen(socket_, 16) == 0, "listen"); }
    /// Takes one connection, reads that much, and resets it.
    void accept_and_reset(std::size_t bytes) {
        const int peer = ::accept(socket_, nullptr, nullptr);
        char byte = 0;
        for (std::size_t i = 0; i < bytes && ::recv(peer, &byte, 1, 0) == 1; ++i) {
        }
        const linger now{1, 0};
        ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        ::close(peer);
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(number_); }

  private:
    int socket_;
    int number_ = 0;
};

static void nobody_there() {
    const port silent;
    questdb::config options{questdb::protocol::http, silent.address()};
    options.protocol_version(questdb::protocol_version::v2).retry_timeout(std::chrono::seconds{0});
    questdb::sender sender{options};
    sender.table("t").column("x", 1).at_now();
    const auto refused = thrown([&] { sender.flush(); });
    expect("nobody there", refused, QUESTDB_ERROR_CODE_CONNECTION, QUESTDB_OUTCOME_NOT_SENT);
    check(refused && refused->retryable() && refused->bytes_sent() == 0 && !refused->retry_after(), "what the error tells");
    expect("TCP, nobody there", thrown([&] { questdb::sender{"tcp::addr=" + silent.address() + ";"}; }),
           QUESTDB_ERROR_CODE_CONNECTION, QUESTDB_OUTCOME_NOT_SENT);
    // A sender for a server that is not there yet: the option puts connecting off, and `connect` asks for it.
    for (const auto how : {questdb::protocol::http, questdb::protocol::tcp}) {
        questdb::config later{how, silent.address()};
        if (how == questdb::protocol::http) later.retry_timeout(std::chrono::seconds{0});
        questdb::sender lazy{later.lazy_connect(true)};
        const auto absent = thrown([&] { lazy.connect(); });
        check(absent && absent->outcome() == QUESTDB_OUTCOME_NOT_SENT && absent->retryable(),
              std::string("connecting to nobody: ") + (absent ? absent->what() : "nothing thrown"));
    }
    expect("a bad connection string", thrown([] { questdb::sender{"http::addr="}; }), QUESTDB_ERROR_CODE_CONFIG,
           QUESTDB_OUTCOME_NOT_SENT);
    // Times to close in: none, less than none, and one that would be far too long if it were waited for.
    const auto closing = thrown([&] { sender.close(std::chrono::hours{-1}); });
    check(closing && closing->unconfirmed_rows() == 1, "a negative time to close in is none");
}

static void cancelled(const std::string &conf) {
    for (const bool listens : {false, true}) {
        port silent;
        if (listens) silent.listen();
        questdb::config options{questdb::protocol::http, silent.address()};
        options.protocol_version(questdb::protocol_version::v2).retry_timeout(std::chrono::minutes{5}).request_timeout(std::chrono::minutes{5});
        questdb::sender sender{options};
        sender.cancel();  // nothing is running
        sender.table("t").column("x", 1).at_now();
        std::atomic<bool> done{false};
        std::optional<questdb::error> ended;
        std::thread worker{[&] {
            ended = thrown([&] { sender.flush(); });
            done = true;
        }};
        while (!done) {
            sender.cancel();
            std::this_thread::sleep_for(std::chrono::milliseconds{2});
        }
        worker.join();
        check(ended && ended->code() == QUESTDB_ERROR_CODE_CANCELLED, std::string("cancelled: ") + (ended ? ended->what() : "nothing thrown"));
        check(ended && (ended->outcome() == QUESTDB_OUTCOME_NOT_SENT || (listens && ended->outcome() == QUESTDB_OUTCOME_IN_DOUBT)), "its outcome");
        check(sender.own_buffer().row_count() == 1, "the row stays");
    }
    questdb::sender sender{conf};
    sender.cancel();
    sender.table("cpp_cancelled").column("x", 1).at(timestamp_nanos{1});
    sender.flush();
    check(sender.stat(QUESTDB_STAT_ROWS_COMMITTED) == 1, "a call that begins later is not cancelled");
}

/// Over TCP an error tells the rows of earlier flushes that went down with the connection.
static void earlier_rows() {
    for (const bool by_close : {false, true}) {
        port server;
        server.listen();
        questdb::sender sender{"tcp::addr=" + server.address() + ";auto_flush=off;"};
        for (int i = 0; i < 3; ++i) sender.table("t").column("x", i).at(timestamp_nanos{1});
        sender.flush();
        server.accept_and_reset(5);
        if (!by_close) sender.table("t").column("x", 4).at(timestamp_nanos{2});
        const auto broken = thrown([&] { by_close ? static_cast<void>(sender.close(std::chrono::seconds{10})) : sender.flush(); });
        check(broken && broken->earlier_rows_in_doubt() == 3,
              std::string(by_close ? "close" : "flush") + ": earlier rows in doubt: " +
                  (broken ? std::to_string(broken->earlier_rows_in_doubt()) + " " + broken->what() : "nothing thrown"));
        check(!broken || by_close || (broken->outcome() == QUESTDB_OUTCOME_NOT_SENT && sender.own_buffer().row_count() == 1), "its own row was not sent");
    }
}

static void pools(const std::string &conf) {
    using namespace std::chrono_literals;
    questdb::pool pool{conf + "sender_pool_max=2;"};
    check(pool.native_handle() >= 0, "a handle to wait for");
    std::vector<std::thread> threads;
    std::atomic<int> stored{0};
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            questdb::buffer rows = pool.new_buffer();
            questdb::submit_options how;
            how.order_key = static_cast<std::uint64_t>(thread);
            for (int i = 0; i < 10; ++i) {
                rows.table("cpp_pool").column("x", i).at_now();
                how.user_data = static_cast<std::uint64_t>(i);
                const std::uint64_t batch = pool.submit(rows, how);
                const std::optional<questdb::completion> done = pool.wait_for(batch, 60s);
                if (done && done->batch == batch && done->user_data == how.user_data && done->rows == 1 && !done->failure &&
                    !done->failed_rows && done->outcome == QUESTDB_OUTCOME_COMMITTED && rows.empty())
                    ++stored;
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    check(stored == 40, "what became of batches");
    check(!pool.next_for(0s), "all completions are read");

    questdb::sender sender = pool.new_sender();
    sender.table("cpp_pool").column("x", 41).at_now();
    sender.flush();
    check(sender.own_buffer().row_count() == 0 && sender.close(60s) == 0, "a sender of the pool");

    questdb::buffer bad = pool.new_buffer();
    bad.table("cpp_pool").column("x", "text where the others have numbers").at_now();
    pool.submit(bad, {7, std::nullopt, 1s});
    check(pool.drain_for(60s), "drained");
    const std::optional<questdb::completion> done = pool.next_for(1ms);
    check(done && done->user_data == 7 && done->failure && done->failure->code() == QUESTDB_ERROR_CODE_REJECTED, "refused");
    check(done && done->failed_rows && done->failed_rows->row_count() == 1, "with its rows");
    expect("read twice", thrown([&] { static_cast<void>(pool.wait_for(done->batch, 0s)); }), QUESTDB_ERROR_CODE_INVALID_STATE, QUESTDB_OUTCOME_NOT_SENT);
    pool.cancel(done->batch, true);  // nothing is left to cancel
    const questdb::pool_report report = pool.close(60s);
    check(!report.failure && report.unsent_rows == 0 && report.rows_in_doubt == 0, "closed");
    expect("closed", thrown([&] { pool.submit(bad); }), QUESTDB_ERROR_CODE_INVALID_STATE, QUESTDB_OUTCOME_NOT_SENT);
    check(pool.stat(QUESTDB_POOL_COUNTER_ROWS_SENT) == 41 && pool.stat(QUESTDB_POOL_COUNTER_WORKERS) == 0, "counters");

    const port silent;  // nobody answers there
    questdb::config options{questdb::protocol::http, silent.address()};
    options.protocol_version(questdb::protocol_version::v2).retry_timeout(5min).sender_pool_max(1);
    questdb::pool waits{options};
    questdb::buffer rows = waits.new_buffer();
    rows.table("t").column("x", 1).at_now();
    const std::uint64_t first = waits.submit(rows);
    check(!waits.wait_for(first, 0s) && !waits.drain_for(0s), "not complete yet");
    waits.cancel(first, true);
    while (!waits.drain_for(1ms)) waits.cancel(first, true);
    const std::optional<questdb::completion> ended = waits.wait_for(first, 0s);
    check(ended && ended->failure && ended->failure->code() == QUESTDB_ERROR_CODE_CANCELLED && ended->failed_rows, "cancelled");
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    rows(argv[1]);
    transactions(argv[1]);
    refusals(argv[1]);
    complete_rows_go(argv[1]);
    refused_rows_are_removed(argv[1]);
    nobody_there();
    cancelled(argv[1]);
    earlier_rows();
    pools(argv[1]);
    std::printf("%d checks held, %d did not\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
