// A service with a thread that sends, while the server is down, and a SIGTERM: it ends within a second, and says how long it
// took and what it could not send. ./service refused|silent
#include <questdb_ingress.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace std::chrono_literals;

/// A port that refuses connections, or one that takes them and never answers.
static std::string dead_server(bool silent) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket, reinterpret_cast<sockaddr *>(&address), size) != 0 ||
        ::getsockname(socket, reinterpret_cast<sockaddr *>(&address), &size) != 0 || (silent && ::listen(socket, 16) != 0))
        std::abort();
    return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    ::alarm(60);  // a service that does not end is ended
    // The signal is waited for in one thread; the others, which inherit the mask, are not interrupted.
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, nullptr);

    questdb::config options{questdb::protocol::http, dead_server(std::strcmp(argv[1], "silent") == 0)};
    options.protocol_version(questdb::protocol_version::v2).auto_flush_rows(3).retry_timeout(5min).request_timeout(5min);
    questdb::sender sender{options};
    std::atomic<bool> stop{false}, stopped{false}, sending{false};
    std::thread worker{[&] {
        for (int i = 0; i < 3 || !stop; ++i) {
            try {
                if (i == 2) sending = true;  // this row is the one that flushes
                sender.table("service").column("i", i).at(std::chrono::system_clock::now());
            } catch (const questdb::error &failed) {
                std::fprintf(stderr, "%s: %s\n", failed.code_name(), failed.what());
            }
        }
        stopped = true;
    }};
    while (!sending) std::this_thread::sleep_for(1ms);
    std::printf("ready\n");
    std::fflush(stdout);

    int number = 0;
    sigwait(&term, &number);
    const auto began = std::chrono::steady_clock::now();
    stop = true;
    while (!stopped) {  // again and again, since the thread may be about to begin a call
        sender.cancel();
        std::this_thread::sleep_for(2ms);
    }
    worker.join();
    std::uint64_t left = 0;
    try {
        left = sender.close(100ms);
    } catch (const questdb::error &failed) {
        left = failed.unconfirmed_rows();
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    std::printf("ended in %lld ms, %llu rows were not sent\n", static_cast<long long>(took.count()), static_cast<unsigned long long>(left));
    return took <= 1s && left >= 3 ? 0 : 1;
}
