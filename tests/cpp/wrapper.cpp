// The wrapper without a server: every kind of value, errors, ownership, and that a row costs no allocation.
#include <questdb_ingress.hpp>

#include "../c/arrow_batch.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <vector>
#if __has_include(<span>)
#include <span>
#endif

using namespace questdb::literals;
using questdb::timestamp_micros;
using questdb::timestamp_nanos;

static std::size_t allocations = 0;
void *operator new(std::size_t size) {
    ++allocations;
    if (void *made = std::malloc(size)) return made;
    throw std::bad_alloc();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

static int passed = 0, failed = 0;
static void check(bool ok, const std::string &what) {
    ++(ok ? passed : failed);
    if (!ok) std::printf("FAILED: %s\n", what.c_str());
}

/// The column that `put` makes, without the rest of the row.
static std::string column(const std::function<void(questdb::buffer &)> &put, std::uint32_t version = 2) {
    questdb::buffer row{version};
    row.table("t").symbol("s", "a");
    put(row);
    row.at(timestamp_nanos{5});
    const std::string whole{row.peek()};
    const std::string end = version == 1 ? " 5\n" : " 5n\n";
    const std::size_t begin = sizeof("t,s=a") - 1;
    return whole.substr(begin, whole.size() - begin - end.size());
}
template <class T>
static std::string value(const T &given, std::uint32_t version = 2) {
    return column([&](questdb::buffer &row) { row.column("c", given); }, version);
}
template <class T>
static void makes(const char *what, const T &given, std::string_view expected, std::uint32_t version = 1) {
    const std::string got = value(given, version);
    check(got == expected, std::string(what) + ": " + got);
}

template <class F>
static void throws(const char *what, questdb::error_code code, F &&work) {
    try {
        work();
        check(false, std::string(what) + " did not throw");
    } catch (const questdb::error &e) {
        check(e.code() == code, std::string(what) + ": " + e.code_name() + ": " + e.what());
    }
}

namespace bank {
struct money {
    std::int64_t cents;
};
questdb::decimal to_questdb_decimal(const money &m) { return {m.cents, 2}; }
}  // namespace bank

static void values() {
    using namespace std::chrono;
    makes("bool", true, " c=t");
    makes("bool", false, " c=f");
    makes("int", -7, " c=-7i");
    makes("int8", std::int8_t{-8}, " c=-8i");
    makes("uint8", std::uint8_t{200}, " c=200i");
    makes("uint16", std::uint16_t{65535}, " c=65535i");
    makes("uint32", std::uint32_t{4294967295}, " c=4294967295i");
    makes("int64", std::numeric_limits<std::int64_t>::max(), " c=9223372036854775807i");
    makes("long long", -1LL, " c=-1i");
    makes("float", 0.5f, " c=0.5");
    makes("double", 2615.54, " c=2615.54");
    makes("literal", "x\"y", " c=\"x\\\"y\"");
    makes("pointer to text", static_cast<const char *>("abc"), " c=\"abc\"");
    makes("string", std::string("a\nb"), " c=\"a\\\nb\"");
    makes("string_view", std::string_view("abc").substr(1), " c=\"bc\"");
    makes("text with NUL", std::string("a\0b", 3), std::string(" c=\"a\0b\"", 8));
#ifdef __cpp_char8_t
    makes("u8 literal", u8"caffè", " c=\"caff\xc3\xa8\"");
    makes("u8string", std::u8string(u8"è"), " c=\"\xc3\xa8\"");
#endif
    makes("micros", timestamp_micros{-3}, " c=-3t");
    makes("nanos", timestamp_nanos{1234567}, " c=1234567n", 2);
    makes("time point, nanoseconds", time_point<system_clock, nanoseconds>{nanoseconds{42}}, " c=42n", 2);
    makes("time point, microseconds", time_point<system_clock, microseconds>{microseconds{42}}, " c=42t", 2);
    makes("time point, seconds", time_point<system_clock, seconds>{seconds{42}}, " c=42000000t", 2);
    makes("time point, hours", time_point<system_clock, hours>{hours{-1}}, " c=-3600000000t", 2);
    makes("time point, 100 ns", time_point<system_clock, duration<int, std::ratio<1, 10000000>>>{duration<int, std::ratio<1, 10000000>>{3}}, " c=300n", 2);
    throws("time point that does not fit", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP,
           [] { value(time_point<system_clock, duration<std::int64_t>>{duration<std::int64_t>{1LL << 62}}); });
    throws("time point before all time", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP,
           [] { value(time_point<system_clock, duration<std::int64_t>>{duration<std::int64_t>{-(1LL << 62)}}); });

    // The limits of 64 bits do not fit the counter of these, but what they count does.
    using short_days = duration<std::int32_t, std::ratio<86400>>;
    makes("time point, days in 32 bits", time_point<system_clock, short_days>{short_days{19000}}, " c=1641600000000000t", 2);
    makes("time point, the last day that fits", time_point<system_clock, short_days>{short_days{106751991}}, " c=9223372022400000000t", 2);
    throws("time point, days in 32 bits that do not fit", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP,
           [] { value(time_point<system_clock, short_days>{short_days{106751992}}); });
    using short_minutes = duration<std::int16_t, std::ratio<60>>;
    makes("time point, minutes in 16 bits", time_point<system_clock, short_minutes>{short_minutes{-32768}}, " c=-1966080000000t", 2);
    using ticks = duration<std::int32_t, std::ratio<1, 10000000>>;
    makes("time point, the most of 32 bits", time_point<system_clock, ticks>{ticks{INT32_MAX}}, " c=214748364700n", 2);
    using unsigned_nanos = duration<std::uint64_t, std::nano>;
    makes("time point without a sign", time_point<system_clock, unsigned_nanos>{unsigned_nanos{INT64_MAX}}, " c=9223372036854775807n", 2);
    throws("time point without a sign that does not fit", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP,
           [] { value(time_point<system_clock, unsigned_nanos>{unsigned_nanos{1ULL << 63}}); });
    throws("the year 300000", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP,
           [] { value(time_point<system_clock, hours>{hours{2613000000LL}}); });
    throws("the greatest hour", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, [] { value(time_point<system_clock, hours>{(hours::max)()}); });
    throws("the least hour", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, [] { value(time_point<system_clock, hours>{(hours::min)()}); });

    makes("optional", std::optional<int>{5}, " c=5i");
    makes("empty optional", std::optional<double>{}, "");
    makes("optional text", std::optional<std::string>{"a"}, " c=\"a\"");
    check(column([](questdb::buffer &row) { row.symbol("e", std::optional<std::string_view>{}).symbol("f", std::string("b c")); }) ==
              ",f=b\\ c",
          "symbols");
}

static void names() {
    const questdb::column_name spread{"a b"};
    const questdb::table_name trades = "my trades"_table;
    questdb::buffer b{2};
    b.table(trades).symbol(spread, "x").column("price"_column, 1.5).column(std::string("n"), 1).column(std::string_view("m"), true);
    b.column("d"_column, "text").column("t"_column, timestamp_micros{1}).column(spread, std::optional<int>{}).at_now();
    check(b.peek().substr(0, 22) == "my\\ trades,a\\ b=x pric", std::string(b.peek()));
    check(b.row_count() == 1 && b.is_transactional() && !b.empty() && b.protocol_version() == 2, "what a buffer tells");
    throws("bad name", QUESTDB_ERROR_CODE_INVALID_NAME, [] { "a?b"_column; });
    throws("bad table", QUESTDB_ERROR_CODE_INVALID_NAME, [] { questdb::table_name{""}; });
}

/// The bytes after `c=`, as hexadecimal text.
static std::string hex(const std::string &bytes) {
    std::string text;
    for (std::size_t i = 3; i < bytes.size(); ++i) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(bytes[i])));
        text += digits;
    }
    return text;
}

// A matrix as libraries have them: data() and size(), and a shape that these two do not tell.
namespace lab {
struct matrix {
    std::vector<double> values;
    std::size_t high, wide;
    std::size_t rows() const { return high; }
    std::size_t cols() const { return wide; }
    std::size_t size() const { return values.size(); }
    const double *data() const { return values.data(); }
    double operator[](std::size_t i) const { return values[i]; }
    const double *begin() const { return data(); }
};
/// Column by column.
struct column_major : matrix {};
inline questdb::array_view<2> to_questdb_array(const column_major &m) {
    return {{m.rows(), m.cols()}, {1, static_cast<std::ptrdiff_t>(m.rows())}, {m.data(), m.size()}};
}
/// Its number of dimensions is known at run time only.
struct tensor {
    std::vector<std::size_t> sizes;
    std::vector<std::ptrdiff_t> steps;
    std::vector<double> values;
    const std::vector<std::size_t> &shape() const { return sizes; }
    std::size_t size() const { return values.size(); }
    const double *data() const { return values.data(); }
};
inline questdb::dynamic_array_view to_questdb_array(const tensor &t) {
    if (t.steps.empty()) return {t.sizes, t.values};
    return {t.sizes, t.steps, t.values};
}
/// Iterators and index go over rows.
struct rows_of_rows {
    std::size_t size() const { return 6; }
    const double *data() const { return nullptr; }
    const matrix &operator[](std::size_t) const;
    const matrix *begin() const;
};
/// No index at all.
struct by_two_indices {
    std::size_t size() const { return 6; }
    const double *data() const { return nullptr; }
    double operator()(std::size_t, std::size_t) const;
    const double *begin() const;
};
template <int Word>
struct spoken : std::vector<double> {};
template <>
struct spoken<0> : std::vector<double> {
    static constexpr int rank() { return 2; }
};
template <>
struct spoken<1> : std::vector<double> {
    std::size_t extent(int) const;
};
template <>
struct spoken<2> : std::vector<double> {
    std::size_t n_rows;
};
template <>
struct spoken<3> : std::vector<double> {
    std::array<std::size_t, 2> shape;
};
template <>
struct spoken<4> : std::vector<double> {
    std::ptrdiff_t stride() const;
};
/// As lists of other libraries are: a size with a sign.
struct list {
    std::vector<double> values;
    int size() const { return static_cast<int>(values.size()); }
    const double *data() const { return values.data(); }
    const double &operator[](int i) const { return values[static_cast<std::size_t>(i)]; }
    const double *begin() const { return data(); }
};
}  // namespace lab

static void shapes() {
    using questdb::detail::is_array;
    static_assert(is_array<std::vector<double>> && is_array<lab::list> && is_array<lab::spoken<9>>);
    static_assert(!is_array<lab::matrix> && !is_array<lab::rows_of_rows> && !is_array<lab::by_two_indices>);
    static_assert(!is_array<lab::spoken<0>> && !is_array<lab::spoken<1>> && !is_array<lab::spoken<2>> &&
                  !is_array<lab::spoken<3>> && !is_array<lab::spoken<4>>);
    static_assert(is_array<lab::column_major> && is_array<lab::tensor>);
    static_assert(!std::is_constructible_v<questdb::slice<const double>, lab::matrix>, "values without their shape");
    static_assert(!std::is_constructible_v<questdb::column_data, lab::matrix>, "values without their shape");
#ifdef __cpp_lib_span
    static_assert(is_array<std::span<double, 3>> && is_array<std::span<const double>>);
#endif
    const std::vector<double> flat{1, 2, 3, 4, 5, 6};
    check(value(lab::list{{1, 2, 3}}) == value(std::vector<double>{1, 2, 3}), "a size with a sign");
    const std::string expected = value(std::array<std::array<double, 3>, 2>{{{1, 3, 5}, {2, 4, 6}}});
    const lab::column_major columns{{flat, 2, 3}};
    check(value(columns) == expected, "a matrix that tells its shape");
    check(value(std::optional<lab::column_major>{columns}) == expected, "an optional one");
    check(value(lab::tensor{{2, 3}, {1, 2}, flat}) == expected, "a shape at run time, with strides");
    check(value(lab::tensor{{6}, {}, flat}) == value(flat), "a shape at run time, without");
    check(value(lab::tensor{{1, 3, 2, 1}, {}, flat}) ==
              value(questdb::array_view<4>{{1, 3, 2, 1}, flat}),
          "four dimensions at run time");
    throws("no dimension", QUESTDB_ERROR_CODE_INVALID_ARRAY, [&] { value(lab::tensor{{}, {}, flat}); });
    throws("33 dimensions", QUESTDB_ERROR_CODE_INVALID_ARRAY, [] { value(lab::tensor{std::vector<std::size_t>(33, 1), {}, {1}}); });
    throws("a stride too few", QUESTDB_ERROR_CODE_INVALID_ARRAY, [&] { value(lab::tensor{{2, 3}, {1}, flat}); });
    const std::ptrdiff_t wraps = std::ptrdiff_t{1} << 61;  // times eight it is nothing
    throws("a stride that wraps", QUESTDB_ERROR_CODE_INVALID_ARRAY, [&] { value(lab::tensor{{2}, {wraps}, flat}); });
    throws("a stride that wraps, rank 1", QUESTDB_ERROR_CODE_INVALID_ARRAY, [&] { value(questdb::array_view<1>{{2}, {wraps}, flat}); });
    throws("a first element that wraps", QUESTDB_ERROR_CODE_INVALID_ARRAY,
           [&] { value(questdb::array_view<1>{{2}, {1}, flat, std::size_t{1} << 61}); });
    questdb::buffer rows{2};
    const auto layout = questdb::row_layout{"t"}.add<lab::column_major>("c").add<lab::tensor>("d");
    rows.append(layout, timestamp_nanos{5}, columns, lab::tensor{{2, 3}, {1, 2}, flat});
    questdb::buffer same{2};
    same.table("t").column("c", columns).column("d", columns).at(timestamp_nanos{5});
    check(rows.peek() == same.peek(), "in prepared rows");
}

static void arrays() {
    const double table[2][3] = {{1, 2, 3}, {4, 5, 6}};
    const std::array<std::array<double, 3>, 2> nested{{{1, 2, 3}, {4, 5, 6}}};
    std::vector<double> flat{1, 2, 3, 4, 5, 6};
    const std::string expected = value(table);
    // '=', type 14 (array), 10 (double), 2 dimensions, 2 and 3, six doubles.
    check(hex(expected).substr(0, 24) == "3d0e0a020200000003000000" && hex(expected).size() == 2 * (12 + 48), hex(expected));
    check(value(nested) == expected, "nested std::array");
    check(value(questdb::array_view<2>{{2, 3}, flat}) == expected, "shaped vector");
    check(value(questdb::array_view<2>{{2, 3}, {3, 1}, flat}) == expected, "strides");
    check(value(questdb::array_view<2>{{3, 2}, {1, 3}, flat}) == value(std::array<std::array<double, 2>, 3>{{{1, 4}, {2, 5}, {3, 6}}}),
          "turned");
    check(value(questdb::array_view<1>{{3}, {-2}, flat, 5}) == value(std::vector<double>{6, 4, 2}), "backwards");
    check(value(questdb::array_view<2>{{2, 2}, {0, 1}, flat}) == value(std::array<std::array<double, 2>, 2>{{{1, 2}, {1, 2}}}), "repeated");
    check(value(flat) == value(std::array<double, 6>{1, 2, 3, 4, 5, 6}), "vector");
    check(hex(value(std::vector<double>{})) == "3d0e0a0100000000", "empty");
#ifdef __cpp_lib_span
    check(value(std::span<const double>(flat).subspan(2, 2)) == value(std::vector<double>{3, 4}), "span");
    check(value(std::span<double>(flat)) == value(flat), "mutable span");
#endif
    throws("too little data", QUESTDB_ERROR_CODE_INVALID_ARRAY, [&] { value(questdb::array_view<2>{{2, 4}, flat}); });
    throws("too much data", QUESTDB_ERROR_CODE_INVALID_ARRAY, [&] { value(questdb::array_view<1>{{3}, {-1}, flat, 1}); });
    throws("arrays in version 1", QUESTDB_ERROR_CODE_PROTOCOL_VERSION, [&] { value(flat, 1); });
}

static void decimals() {
    const std::uint8_t big[] = {0x30, 0x39};
    const std::string expected = value(questdb::decimal{12345, 2}, 3);
    check(hex(expected).substr(0, 6) == "3d1702", hex(expected));
    check(value(bank::money{12345}, 3) == expected, "own type");
    check(value(std::optional<bank::money>{{12345}}, 3) == expected, "optional own type");
    check(value(questdb::decimal_i128{0, 12345, 2}, 3) == expected, "128 bits");
    check(value(questdb::decimal_bytes{big, 2}, 3) == expected, "bytes");
    check(value("123.45"_decimal, 3) == " c=123.45d", "text");
    check(value(questdb::decimal_i128{-1, static_cast<std::uint64_t>(-12345), 2}, 3) == value(questdb::decimal{-12345, 2}, 3), "negative");
    throws("not a number", QUESTDB_ERROR_CODE_INVALID_DECIMAL, [] { value("x"_decimal, 3); });
}

static void ownership() {
    static_assert(!std::is_copy_constructible_v<questdb::buffer> && !std::is_copy_assignable_v<questdb::buffer>);
    static_assert(std::is_nothrow_move_constructible_v<questdb::buffer> && std::is_nothrow_move_assignable_v<questdb::sender>);
    static_assert(sizeof(questdb::buffer) == sizeof(void *) && sizeof(questdb::sender) == sizeof(void *) &&
                  sizeof(questdb::config) == sizeof(void *) && sizeof(questdb::table_name) == sizeof(void *));
    static_assert(std::is_nothrow_copy_constructible_v<questdb::error>, "exceptions are copied");
    questdb::buffer first{1};
    first.table("t").column("x", 1).at_now();
    questdb::buffer second = std::move(first);
    check(second.peek() == "t x=1i\n", "moved");
    throws("moved from", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] { first.table("t"); });
    check(first.size() == 0 && first.row_count() == 0 && first.peek().empty(), "moved from tells nothing");
    questdb::buffer copy = second.clone();
    second.clear();
    check(copy.row_count() == 1 && second.empty(), "clone");
    questdb::config options{"http::addr=localhost:9000;"};
    questdb::config taken = std::move(options);
    throws("config moved from", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] { options.set("addr", "a:1"); });
    throws("sender of a config moved from", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] { questdb::sender{options}; });
    taken.set("retry_timeout", 5000).set("username", std::string("a")).set("password", "b").validate();
    questdb::config copied = taken.clone();
    copied.set("addr", "b:2").validate();
    throws("a bad value in the copy", QUESTDB_ERROR_CODE_CONFIG, [&] { copied.set("retry_timeout", "x"); });
    taken.validate();
    throws("a copy of a config moved from", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] { static_cast<void>(options.clone()); });
    throws("unknown option", QUESTDB_ERROR_CODE_CONFIG, [&] { taken.set("retry_timeot", 1); });

    questdb::buffer b{1};
    b.table("t").column("x", 1).at_now().set_marker();
    b.table("u").column("y", 2);
    throws("open row", QUESTDB_ERROR_CODE_INVALID_STATE, [&] { b.check_flushable(); });
    b.rewind_to_marker();
    check(b.peek() == "t x=1i\n", "marker");
    questdb::buffer small{1, 16, 64, 128};
    throws("limit", QUESTDB_ERROR_CODE_LIMIT_EXCEEDED, [&] { small.table("t").column("c", std::string(200, 'x')); });
    check(small.max_name_len() == 16 && small.max_buf_size() == 128 && small.peek() == "t", std::string(small.peek()));
}

static void rows_drop_themselves() {
    questdb::buffer b{1};
    // Of five rows one has no value, and its `at` throws: the others are stored.
    const std::optional<int> values[][2] = {{1, 2}, {3, {}}, {{}, {}}, {5, 6}, {7, 8}};
    int refused = 0;
    for (const auto &[x, y] : values) {
        try {
            b.new_row("t").column("x", x).column("y", y).at(timestamp_nanos{1});
        } catch (const questdb::error &) {
            ++refused;
        }
    }
    check(refused == 1 && b.peek() == "t x=1i,y=2i 1\nt x=3i 1\nt x=5i,y=6i 1\nt x=7i,y=8i 1\n", std::string(b.peek()));
    check(b.row_count() == 4 && !b.is_row_open(), "four rows of five");

    try {
        questdb::row row = b.new_row("t").column("x", 9);
        check(b.is_row_open() && row.is_open(), "a row is open");
        throw std::runtime_error("of the application");
    } catch (const std::runtime_error &) {
    }
    check(b.row_count() == 4 && !b.is_row_open(), "an exception between");
    throws("a bad value", QUESTDB_ERROR_CODE_INVALID_NAME, [&] { b.new_row("t").column("x", 1).column("a?b", 2).at_now(); });
    check(b.row_count() == 4 && !b.is_row_open(), "a bad value");
    {
        questdb::row forgotten = b.new_row("t").column("x", 9);
        throws("a row in a row", QUESTDB_ERROR_CODE_INVALID_STATE, [&] { static_cast<void>(b.new_row("t")); });
        questdb::row moved = std::move(forgotten);
        check(!forgotten.is_open() && moved.is_open() && b.is_row_open(), "a row that moved");
        throws("moved from", QUESTDB_ERROR_CODE_INVALID_STATE, [&] { forgotten.column("y", 1); });
        throws("moved from", QUESTDB_ERROR_CODE_INVALID_STATE, [&] { forgotten.at_now(); });
    }
    check(b.row_count() == 4 && !b.is_row_open(), "a forgotten row");
    questdb::row row = b.new_row("u");
    throws("before 1970", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, [&] { row.column("x", 1).at(timestamp_nanos{-1}); });
    check(row.is_open(), "a row that could not be ended goes on");
    row.at(timestamp_micros{1});
    check(!row.is_open() && b.row_count() == 5, "or is ended after all");
    throws("ended", QUESTDB_ERROR_CODE_INVALID_STATE, [&] { row.at_now(); });
    throws("ended", QUESTDB_ERROR_CODE_INVALID_STATE, [&] { row.symbol("s", "a"); });
    row.drop();
    check(b.row_count() == 5, "a row that has ended stays");
    row = b.new_row("v").column("x", 1);
    throws("the right side is made first", QUESTDB_ERROR_CODE_INVALID_STATE, [&] { row = b.new_row("w"); });
    row = questdb::row{nullptr, nullptr};
    check(!b.is_row_open() && b.row_count() == 5, "another row in its place");
    static_assert(!std::is_copy_constructible_v<questdb::row> && std::is_nothrow_move_assignable_v<questdb::row>);
}

static void rows_are_removed() {
    questdb::buffer b{1};
    for (int i = 1; i <= 5; ++i) b.table("t").column("x", i).at_now();
    b.remove_rows(2);
    check(b.peek() == "t x=1i\nt x=3i\nt x=4i\nt x=5i\n", "the second");
    b.table("t").column("open", 1);
    throws("rows that are not there", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] { b.remove_rows(4, 2); });
    throws("row 0", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] { b.remove_rows(0); });
    b.remove_rows(1, 2);
    check(b.is_row_open() && b.row_count() == 2, "the open row stays");
    b.drop_row();
    b.drop_row();
    check(!b.is_row_open() && b.peek() == "t x=4i\nt x=5i\n", "the open row alone is dropped: " + std::string(b.peek()));
}

static void times_to_wait() {
    using namespace std::chrono;
    using questdb::detail::to_millis;
    check(to_millis(milliseconds{7}) == 7 && to_millis(seconds{2}) == 2000 && to_millis(hours{1}) == 3600000, "whole");
    check(to_millis(microseconds{1}) == 1 && to_millis(nanoseconds{1}) == 1 && to_millis(microseconds{1001}) == 2, "rounded up");
    check(to_millis(seconds{0}) == 0 && to_millis(microseconds{-1}) == 0 && to_millis(microseconds{-1001}) == -1, "not above 0");
    check(to_millis(duration<double>{0.0004}) == 1 && to_millis(duration<float>{1.5f}) == 1500 && to_millis(duration<double>{-1.0}) == -1000, "fractions");
    check(to_millis((hours::max)()) == INT64_MAX && to_millis((hours::min)()) == INT64_MIN, "too long");
    check(to_millis(duration<double>{1e300}) == INT64_MAX && to_millis(duration<double>{-1e300}) == INT64_MIN, "far too long");
    check(to_millis(duration<std::uint64_t, std::milli>{UINT64_MAX}) == INT64_MAX, "too long without a sign");
    check(to_millis(duration<std::int16_t, std::ratio<86400>>{std::int16_t{32767}}) == 32767 * 86400000LL, "days in 16 bits");
    throws("not a number", QUESTDB_ERROR_CODE_INVALID_ARGUMENT,
           [] { to_millis(duration<double>{std::numeric_limits<double>::quiet_NaN()}); });
}

static void errors() {
    questdb::buffer b{1};
    try {
        b.column("x", 1);
    } catch (const questdb::error &e) {
        const questdb::error copy = e;
        check(copy.code() == QUESTDB_ERROR_CODE_INVALID_STATE && std::string_view(copy.code_name()) == "INVALID_STATE", "code");
        check(copy.outcome() == QUESTDB_OUTCOME_NOT_SENT && !copy.in_doubt() && !copy.retryable() && !copy.row_accepted(), "outcome");
        check(copy.http_status() == 0 && copy.server_error_id().empty() && copy.server_line() == 0 && copy.attempts() == 0 &&
                  !copy.retry_after(),
              "no server was asked");
        check(std::string(copy.what()) == e.what() && *copy.what() != 0, copy.what());
    }
    const questdb::error own{QUESTDB_ERROR_CODE_INVALID_ARGUMENT, "mine"};
    check(std::string_view(own.what()) == "mine" && own.outcome() == QUESTDB_OUTCOME_NOT_SENT && !own.in_doubt() &&
              std::string_view(own.outcome_name()) == "NOT_SENT" && own.earlier_rows_in_doubt() == 0 && own.server_code().empty() && own.elapsed().count() == 0 && !own.retry_after(),
          "an error of the wrapper");
}

static void prepared() {
    using namespace std::chrono;
    auto layout = questdb::row_layout{"trades"}.add("sym", QUESTDB_COLUMN_KIND_SYMBOL).add<double>("price").add<int>("n");
    layout.add<bool>("b").add<std::string>("str").add<std::vector<double>>("arr").add<bank::money>("dec");
    layout.add<timestamp_micros>("ts").add<std::optional<timestamp_nanos>>("tn");
    check(layout.column_count() == 9, "columns");
    const std::vector<double> array{1, 2};

    questdb::buffer by_column{3}, by_row{3}, from_rows{3};
    const auto cents = [](int i) { return bank::money{i == 0 ? -128 : i == 1 ? 128 : std::numeric_limits<std::int64_t>::min()}; };
    for (int i = 0; i < 3; ++i) {
        const auto when = time_point<system_clock, microseconds>{microseconds{i + 1}};
        by_column.table("trades").symbol("sym", "a").column("price", 0.5 * i).column("n", i).column("b", i == 1).column("str", "s");
        by_column.column("arr", array).column("dec", cents(i)).column("ts", timestamp_micros{i});
        by_column.at(timestamp_nanos{1000 * (i + 1)});
        by_row.append(layout, when, "a", 0.5 * i, i, i == 1, std::string_view("s"), array, cents(i), timestamp_micros{i},
                      std::optional<timestamp_nanos>{});
    }
    check(by_row.peek() == by_column.peek(), "rows of a layout");

    using prepared_type = decltype(layout.row(timestamp_nanos{0}, "a", 0.5, 1, true, "s", array, bank::money{1}, timestamp_micros{0},
                                              std::optional<timestamp_nanos>{}));
    std::vector<prepared_type> rows;
    for (int i = 0; i < 3; ++i)
        rows.push_back(layout.row(timestamp_nanos{1000 * (i + 1)}, "a", 0.5 * i, i, i == 1, "s", array, cents(i),
                                  timestamp_micros{i}, std::optional<timestamp_nanos>{}));
    for (const auto &row : rows) from_rows.append(layout, row);
    check(from_rows.peek() == by_column.peek(), "range for over prepared rows");

    throws("too few values", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] { by_row.append(layout, timestamp_nanos{1}, "a"); });
    throws("another kind", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] {
        by_row.append(layout, timestamp_nanos{1}, "a", "text", 1, true, "s", array, bank::money{1}, timestamp_micros{1}, timestamp_nanos{1});
    });
    throws("a timestamp that is due", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, [&] { layout.row(questdb::server_time); });
    const questdb::row_layout micros{"t", QUESTDB_STAMP_MICROS};
    check(micros.at(timestamp_nanos{7000}) == 7 && layout.at(timestamp_micros{7}) == 7000, "units");
    throws("finer than the layout", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, [&] { micros.at(timestamp_nanos{7001}); });
    throws("too late for the layout", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, [&] { layout.at(timestamp_micros{INT64_MAX}); });

    // A value in one unit for a column in the other is brought to the unit of the column, or refused.
    const auto both = questdb::row_layout{"t"}.add("us", QUESTDB_COLUMN_KIND_TS_MICROS).add("ns", QUESTDB_COLUMN_KIND_TS_NANOS).add<int>("i");
    questdb::buffer right{2}, turned{2};
    right.append(both, timestamp_nanos{1}, timestamp_micros{7}, timestamp_nanos{7000}, 1);
    turned.append(both, timestamp_nanos{1}, timestamp_nanos{7000}, timestamp_micros{7}, 1);
    check(right.peek() == turned.peek(), "units of columns: " + std::string(turned.peek()));
    turned.clear();
    turned.append(both, timestamp_nanos{1}, std::optional{timestamp_nanos{7000}}, std::optional{timestamp_micros{7}}, 1);
    check(right.peek() == turned.peek(), "units of columns, optional");
    throws("finer than the column", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, [&] { both.row(timestamp_nanos{1}, timestamp_nanos{7001}, timestamp_nanos{1}, 1); });
    throws("too late for the column", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP,
           [&] { both.row(timestamp_nanos{1}, timestamp_micros{1}, timestamp_micros{INT64_MAX}, 1); });
    throws("a time for a number", QUESTDB_ERROR_CODE_INVALID_ARGUMENT,
           [&] { both.row(timestamp_nanos{1}, timestamp_micros{1}, timestamp_nanos{1}, timestamp_nanos{1}); });
    throws("a value too many", QUESTDB_ERROR_CODE_INVALID_ARGUMENT,
           [&] { turned.append(both, timestamp_nanos{1}, timestamp_micros{1}, timestamp_nanos{1}, 1, timestamp_nanos{1}); });
    const auto other = questdb::row_layout{"t", QUESTDB_STAMP_MICROS}.add<int>("i");
    throws("a row of another layout", QUESTDB_ERROR_CODE_INVALID_ARGUMENT,
           [&] { turned.append(other, questdb::row_layout{"t"}.add<int>("i").row(timestamp_nanos{1}, 1)); });
    throws("a time for the server's clock", QUESTDB_ERROR_CODE_INVALID_TIMESTAMP,
           [] { questdb::row_layout{"t", QUESTDB_STAMP_NOW}.at(timestamp_nanos{1}); });

    const auto now = questdb::row_layout{"t", QUESTDB_STAMP_NOW}.add<int>("x");
    questdb::buffer b{1};
    b.append(now, questdb::server_time, 5);
    check(b.peek() == "t x=5i\n", "the server's clock");

    // Columns: text by offsets, a dictionary, bits, decimals, validity.
    const auto wide = questdb::row_layout{"w"}
                          .add("d", QUESTDB_COLUMN_KIND_SYMBOL)
                          .add<std::string>("s")
                          .add<bool>("b")
                          .add<bool>("c")
                          .add<double>("f")
                          .add<int>("i");
    const std::vector<std::int64_t> at{1, 2, 3};
    const std::vector<std::uint8_t> codes{1, 0, 1};
    const std::array<std::int64_t, 4> offsets{0, 1, 1, 3};
    const std::int32_t words[] = {0, 2, 4};
    const std::uint8_t bits = 0x0a, bytes[] = {1, 0, 1}, valid = 0x05;
    const std::vector<double> doubles{0.5, 1.5, 2.5};
    const std::vector<std::int64_t> longs{7, 8, 9};
    using data = questdb::column_data;
    questdb::buffer columns{1};
    columns.append_columns(wide, at, data::dictionary(codes, words, "aabb"), data::texts(offsets, "xyz"), data::bits(&bits, 3, 1),
                           data::bools(bytes), doubles, data{longs}.validity(&valid));
    check(columns.peek() == "w,d=bb s=\"x\",b=t,c=t,f=0.5,i=7i 1\nw,d=aa s=\"\",b=f,c=f,f=1.5 2\nw,d=bb s=\"yz\",b=t,c=t,f=2.5,i=9i 3\n",
          std::string(columns.peek()));
    throws("columns that differ in length", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] {
        columns.append_columns(questdb::row_layout{"w"}.add<double>("f"), at, std::vector<double>{1});
    });
}

static void batches_of_arrow() {
    batch b;
    questdb::buffer rows{1};
    const auto append = [&](const questdb::arrow_options &options) {
        batch_init(&b);
        rows.append_arrow(b.array, b.schema, options);
        const std::string lines{rows.peek()};
        rows.clear();
        return lines;
    };
    using options = questdb::arrow_options;
    check(append(options{}.table("t").at_column("at")) == "t,side=sell price=0.5 1000000000\nt,side=buy price=1.5 1000001000\n", "at");
    check(append(options{}.table_column(2).at(questdb::timestamp_micros{5})) ==
              "sell at=1000000t,price=0.5 5000\nbuy at=1000001t,price=1.5 5000\n", "table column");
    check(append(options{}.table("t").at(questdb::server_time).symbols(QUESTDB_ARROW_SYMBOLS_LISTED)) ==
              "t at=1000000t,price=0.5,side=\"sell\"\nt at=1000001t,price=1.5,side=\"buy\"\n", "no symbols");
    options kept;
    kept.table("t").at(questdb::timestamp_nanos{5}).symbol_column("side");
    check(append(kept) == "t,side=sell at=1000000t,price=0.5 5\nt,side=buy at=1000001t,price=1.5 5\n", "symbol column");
    throws("no timestamp", QUESTDB_ERROR_CODE_INVALID_ARGUMENT, [&] { append(options{}.table("t")); });
    check(b.arrays_released == 1 && b.array.release == nullptr && rows.empty(), "released in spite of the exception");
    batch_stream s;
    batch_stream_init(&s, 0);
    rows.append_arrow(s.stream, kept);
    check(rows.row_count() == 2 && s.released == 1 && s.stream.release == nullptr, "stream");
    questdb::sender sender{"http::addr=127.0.0.1:1;protocol_version=1;retry_timeout=0;auto_flush_rows=1;"};
    batch_init(&b);
    try {
        sender.append_arrow(b.array, b.schema, kept);
        check(false, "nobody listens");
    } catch (const questdb::error &e) {
        check(e.row_accepted() && e.rows_accepted() == 1, "rows accepted");
    }
    batch_stream_init(&s, 0);
    try {
        sender.append_arrow(s.stream, kept);
    } catch (const questdb::error &) {
    }
    check(s.released == 1, "the sender releases the stream");
}

static void row_path_allocates_nothing() {
    questdb::buffer b{2};
    const questdb::column_name price{"price"};
    const auto layout = questdb::row_layout{"t"}.add<double>("price").add<std::string_view>("s");
    const std::vector<double> array{1, 2, 3};
    const std::size_t before = allocations;
    for (int i = 0; i < 100; ++i) {
        b.new_row("t").symbol("s", "a").column("n", i).at(timestamp_nanos{i});
        b.table("t").symbol("s", "a").column(price, 1.5).column("n", i).column("str", "text").column("arr", array);
        b.column("ts", std::chrono::system_clock::time_point{}).column("o", std::optional<double>{}).at(timestamp_nanos{i});
        b.append(layout, timestamp_nanos{i}, 1.5, "text");
    }
    const std::size_t made = allocations - before;
    check(made == 0, "C++ allocations on the row path: " + std::to_string(made));
}

int main() {
    check(questdb::library_fits() && questdb::version() == std::string_view(QUESTDB_VERSION), "header and library fit");
    values();
    names();
    arrays();
    shapes();
    decimals();
    ownership();
    rows_drop_themselves();
    rows_are_removed();
    times_to_wait();
    errors();
    prepared();
    batches_of_arrow();
    row_path_allocates_nothing();
    std::printf("%d checks held, %d did not\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
