// The wrapper among the macros of other people's headers, above all <windows.h>, and included twice. The standard headers
// come first: they do not bear all of these themselves. With -DFIRST the wrapper comes first, after the two that are the
// most common.
#ifdef FIRST
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#else
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <ratio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define small char
#define hyper int
#define near
#define far
#define interface struct
#define IN
#define OUT
#define OPTIONAL
#define ERROR 0
#define DELETE 0x00010000L
#define STRICT 1
#define CONST const
#define VOID void
#define TRUE 1
#define FALSE 0
#define BOOL int
#define major(device) (device)
#define minor(device) (device)
#define check(expression) static_cast<void>(expression)
#define verify(expression) static_cast<void>(expression)
#define require(expression) static_cast<void>(expression)
#define Bool int
#define None 0L
#define Status int
#define Success 0
#define I 1
#endif

#include <questdb_ingress.hpp>
#include <questdb_ingress.hpp>

int main() {
    questdb::buffer rows{2};
    rows.table("t").symbol("s", "a").column("x", 1).at(std::chrono::system_clock::now());
    rows.new_row("t").column("a", std::array<double, 2>{1, 2}).at(questdb::timestamp_nanos{1});
    const auto layout = questdb::row_layout{"t"}.add<questdb::timestamp_micros>("c");
    rows.append(layout, questdb::timestamp_micros{1}, questdb::timestamp_micros{1});
    questdb::config{questdb::protocol::http, "localhost:9000"}.request_timeout(std::chrono::seconds{1}).validate();
    return rows.row_count() == 3 ? 0 : 1;
}
