// Many producers, one pool: each thread hands its rows over and goes on, one thread reads what became of them, and the rows of
// batches that failed go to a file. Those in doubt may be stored already: sent again without dedup keys they may be there twice. It
// ends after so many batches of each producer, or in order on SIGTERM. ./pool "http::addr=localhost:9000;" 1000 failed.txt
#include <atomic>
#include <csignal>
#include <fstream>
#include <iostream>
#include <mutex>
#include <questdb_ingress.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
static volatile std::sig_atomic_t stopped = 0;
static std::mutex files;  // held while the file is written
static void produce(const questdb::pool &pool, char name, long batches, questdb::buffer &buffer) {
    questdb::submit_options how;
    how.order_key = static_cast<unsigned char>(name);  // the batches of one producer stay in their order
    for (long batch = 0; batch < batches && !stopped; batch++) {
        for (long i = 0; i < 10; i++)
            buffer.table("events").symbol("producer", std::string(1, name)).column("value", batch * 10 + i).at_now();
        pool.submit(buffer, how);  // the buffer is empty and can be filled again
    }
}

// Reads what became of all batches.
static void read_completions(const questdb::pool &pool, const std::atomic<bool> &closed, std::ofstream &file) {
    std::uint64_t stored = 0, refused = 0, unsure = 0;
    for (;;) {
        const bool last = closed;  // looked at first: what came before the end is read
        std::optional<questdb::completion> done = pool.next_for(200ms);
        if (!done && last) break;
        if (!done) continue;
        if (!done->failure) stored += done->rows;
        else if (done->failure->in_doubt()) unsure += done->rows;
        else refused += done->rows;
        const std::lock_guard<std::mutex> hold{files};
        if (done->failed_rows) file << done->failed_rows->peek();
    }
    std::cout << stored << " rows stored, " << refused << " not stored, " << unsure << " in doubt\n";
}

static int run(const char *conf, long batches, const char *path) {
    std::ofstream file{path, std::ios::app | std::ios::binary};
    std::signal(SIGTERM, [](int) { stopped = 1; });
    questdb::pool pool{conf};
    std::atomic<bool> closed{false};
    std::thread reader{[&] { read_completions(pool, closed, file); }};
    std::vector<std::thread> producers;
    for (char name : {'a', 'b', 'c', 'd'}) {
        producers.emplace_back([&, name] {
            questdb::buffer buffer = pool.new_buffer();
            try {
                produce(pool, name, batches, buffer);
            } catch (const questdb::error &failed) {
                std::cerr << failed.code_name() << ": " << failed.what() << "\n";
                const std::lock_guard<std::mutex> hold{files};
                file << buffer.peek();  // there was no room in time
            }
        });
    }
    for (std::thread &producer : producers) producer.join();
    const questdb::pool_report report = pool.close(10s);  // sends the rest; whatever it could not send is a completion
    if (report.failure) std::cerr << report.failure->what() << "\n";
    closed = true;
    reader.join();
    return file.good() ? 0 : 2;
}

int main(int argc, char **argv) {
    try {
        return run(argc > 1 ? argv[1] : "http::addr=localhost:9000;", argc > 2 ? std::stol(argv[2]) : 1000,
                   argc > 3 ? argv[3] : "failed.txt");
    } catch (const std::exception &failed) {
        return (std::cerr << failed.what() << "\n", 1);
    }
}
