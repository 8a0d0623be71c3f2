// Every option of doc/options.md has a function of its own in questdb::config, which sets that option: ./options FILE
#include <questdb_ingress.hpp>

#include <cstdio>
#include <fstream>
#include <functional>
#include <map>

using namespace std::chrono_literals;
using questdb::config;

static int passed = 0, failed = 0;
static void check(bool ok, const std::string &what) {
    ++(ok ? passed : failed);
    if (!ok) std::printf("FAILED: %s\n", what.c_str());
}

/// Values that the option takes, and one that it refuses, if its type has one. The refusal tells which option it was.
struct option {
    std::function<void(config &)> right;
    std::function<void(config &)> wrong;
};

template <class Enum>
constexpr Enum unnamed = static_cast<Enum>(99);

static const std::map<std::string, option> options = {
    {"protocol", {[](config &c) { c.protocol(questdb::protocol::tcps).protocol(questdb::protocol::http); },
                  [](config &c) { c.protocol(unnamed<questdb::protocol>); }}},
    {"addr", {[](config &c) { c.addr("localhost:9000").addr("a:1,[::1]:2"); }, [](config &c) { c.addr(":x"); }}},
    {"bind_interface", {[](config &c) { c.bind_interface("127.0.0.1"); }, [](config &c) { c.bind_interface(""); }}},
    {"username", {[](config &c) { c.username("admin"); }, [](config &c) { c.username(""); }}},
    {"password", {[](config &c) { c.password(std::string("quest")); }, [](config &c) { c.password(""); }}},
    {"token", {[](config &c) { c.token("abc"); }, [](config &c) { c.token(""); }}},
    {"token_x", {[](config &c) { c.token_x("abc"); }, [](config &c) { c.token_x(""); }}},
    {"token_y", {[](config &c) { c.token_y("abc"); }, [](config &c) { c.token_y(""); }}},
    {"auth_timeout", {[](config &c) { c.auth_timeout(15s); }, [](config &c) { c.auth_timeout(-1ms); }}},
    {"tls_verify", {[](config &c) { c.tls_verify(questdb::tls_verify::on); }, [](config &c) { c.tls_verify(unnamed<questdb::tls_verify>); }}},
    {"tls_ca", {[](config &c) { c.tls_ca(questdb::tls_ca::pem_file).tls_ca(questdb::tls_ca::webpki_roots).tls_ca(questdb::tls_ca::os_roots).tls_ca(questdb::tls_ca::webpki_and_os_roots); },
                [](config &c) { c.tls_ca(unnamed<questdb::tls_ca>); }}},
    {"tls_roots", {[](config &c) { c.tls_roots("ca.pem"); }, [](config &c) { c.tls_roots(""); }}},
    {"tls_cert", {[](config &c) { c.tls_cert("cert.pem"); }, [](config &c) { c.tls_cert(""); }}},
    {"tls_key", {[](config &c) { c.tls_key("key.pem"); }, [](config &c) { c.tls_key(""); }}},
    {"protocol_version", {[](config &c) {
                              using version = questdb::protocol_version;
                              for (const auto each : {version::v1, version::v2, version::v3, version::automatic}) c.protocol_version(each);
                          },
                          [](config &c) { c.protocol_version(unnamed<questdb::protocol_version>); }}},
    {"auto_flush", {[](config &c) { c.auto_flush(false).auto_flush(true); }, {}}},
    {"auto_flush_rows", {[](config &c) { c.auto_flush_rows(questdb::off).auto_flush_rows(1000); }, [](config &c) { c.auto_flush_rows(0); }}},
    {"auto_flush_bytes", {[](config &c) { c.auto_flush_bytes(questdb::off).auto_flush_bytes(65536); }, [](config &c) { c.auto_flush_bytes(0); }}},
    {"auto_flush_interval", {[](config &c) { c.auto_flush_interval(questdb::off).auto_flush_interval(0.25s); },
                             [](config &c) { c.auto_flush_interval(-5s); }}},
    {"auto_flush_timer", {[](config &c) { c.auto_flush_timer(true).auto_flush_timer(false); }, {}}},
    {"auto_flush_max_backoff", {[](config &c) { c.auto_flush_max_backoff(1min); }, [](config &c) { c.auto_flush_max_backoff(0s); }}},
    {"init_buf_size", {[](config &c) { c.init_buf_size(65536); }, [](config &c) { c.init_buf_size(0); }}},
    {"max_buf_size", {[](config &c) { c.max_buf_size(104857600); }, [](config &c) { c.max_buf_size(UINT64_MAX); }}},
    {"max_name_len", {[](config &c) { c.max_name_len(127); }, [](config &c) { c.max_name_len(0); }}},
    {"lazy_connect", {[](config &c) { c.lazy_connect(true).lazy_connect(false); }, {}}},
    {"tcp_user_timeout", {[](config &c) { c.tcp_user_timeout(questdb::off).tcp_user_timeout(30s); }, [](config &c) { c.tcp_user_timeout(0s); }}},
    {"keepalive_idle", {[](config &c) { c.keepalive_idle(questdb::off).keepalive_idle(30s); }, [](config &c) { c.keepalive_idle(1ms); }}},
    {"keepalive_interval", {[](config &c) { c.keepalive_interval(10s); }, [](config &c) { c.keepalive_interval(1ms); }}},
    {"keepalive_count", {[](config &c) { c.keepalive_count(3); }, [](config &c) { c.keepalive_count(0); }}},
    {"connect_timeout", {[](config &c) { c.connect_timeout(500us); }, [](config &c) { c.connect_timeout(0s); }}},
    {"send_timeout", {[](config &c) { c.send_timeout(30s); }, [](config &c) { c.send_timeout((std::chrono::hours::max)()); }}},
    {"request_timeout", {[](config &c) { c.request_timeout(std::chrono::duration<double>{2.5}); }, [](config &c) { c.request_timeout(-1ns * 10000000); }}},
    {"request_min_throughput", {[](config &c) { c.request_min_throughput(0); }, [](config &c) { c.request_min_throughput(UINT64_MAX); }}},
    {"retry_timeout", {[](config &c) { c.retry_timeout(0s); }, [](config &c) { c.retry_timeout(-1s); }}},
    {"retry_max_backoff", {[](config &c) { c.retry_max_backoff(1s); }, [](config &c) { c.retry_max_backoff(1us); }}},
    {"delivery", {[](config &c) { c.delivery(questdb::delivery::at_least_once).delivery(questdb::delivery::at_most_once); },
                  [](config &c) { c.delivery(unnamed<questdb::delivery>); }}},
    {"user_agent", {[](config &c) { c.user_agent("app/1"); }, [](config &c) { c.user_agent(""); }}},
    {"sender_pool_min", {[](config &c) { c.sender_pool_min(2); }, [](config &c) { c.sender_pool_min(1025); }}},
    {"sender_pool_max", {[](config &c) { c.sender_pool_max(8); }, [](config &c) { c.sender_pool_max(0); }}},
    {"acquire_timeout_ms", {[](config &c) { c.acquire_timeout(5s).acquire_timeout(0s); }, [](config &c) { c.acquire_timeout(-1s); }}},
    {"idle_timeout_ms", {[](config &c) { c.idle_timeout(1min); }, [](config &c) { c.idle_timeout(0s); }}},
    {"queue_max_bytes", {[](config &c) { c.queue_max_bytes(1024); }, [](config &c) { c.queue_max_bytes(1023); }}},
};

static std::optional<std::string> refused(const std::function<void(config &)> &set, config &c) {
    try {
        set(c);
        return std::nullopt;
    } catch (const questdb::error &e) {
        return e.code() == QUESTDB_ERROR_CODE_CONFIG ? e.what() : std::string(e.code_name()) + ": " + e.what();
    }
}

int main(int argc, char **argv) {
    std::ifstream document(argc == 2 ? argv[1] : "doc/options.md");
    std::size_t documented = 0;
    for (std::string line; std::getline(document, line);) {
        if (line.rfind("| [`", 0) != 0) continue;
        ++documented;
        const std::string key = line.substr(4, line.find('`', 4) - 4);
        const auto found = options.find(key);
        check(found != options.end(), key + " is documented, and questdb::config has no function for it that is tested here");
        if (found == options.end()) continue;
        config c;
        const auto said = refused(found->second.right, c);
        check(!said, key + " is refused: " + said.value_or(""));
        if (!found->second.wrong) continue;
        const auto why = refused(found->second.wrong, c);
        check(why && why->find(key) != std::string::npos, key + ": a wrong value says: " + why.value_or("nothing"));
    }
    check(documented == options.size(), std::to_string(documented) + " options are documented, " + std::to_string(options.size()) + " tested");

    config whole{questdb::protocol::https, "a:1,b:2"};
    whole.username("u").password("p").request_timeout(1500ms).retry_timeout(2min).auto_flush_rows(questdb::off).validate();
    config copy = whole.clone();
    copy.protocol(questdb::protocol::tcp);
    check(refused([](config &c) { c.validate(); }, copy).has_value(), "a password over TCP");
    whole.validate();
    check(true, "the original of a copy is as it was");
    std::printf("%d checks held, %d did not\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
