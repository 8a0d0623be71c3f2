// The conformance driver in C++: commands on standard input, answers on standard output; see ../README.md.
#include <algorithm>
#include <cstring>
#include <iostream>
#include <list>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "questdb_ingress.hpp"

static std::optional<questdb::sender> sender;
static std::optional<questdb::transaction> transaction;
static std::optional<questdb::row_layout> layout;
static bool row_open = false;

static std::vector<std::string> split(const std::string &line, char at) {
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; std::getline(in, word, at);) words.push_back(word);
    return words;
}

// Undoes the escapes: %XX is a byte, a lone % nothing.
static std::string text(const std::string &word) {
    std::string out;
    for (std::size_t i = 0; i < word.size() && word != "%"; i++) {
        if (word[i] == '%') out += static_cast<char>(std::stoi(word.substr(i + 1, 2), nullptr, 16)), i += 2;
        else out += word[i];
    }
    return out;
}

static std::int64_t number(const std::string &word) { return std::stoll(word); }
static std::uint32_t small(const std::string &word) { return static_cast<std::uint32_t>(number(word)); }

static double bits(const std::string &hex) {
    const std::uint64_t bits = std::stoull(hex, nullptr, 16);
    double value = 0;
    return std::memcpy(&value, &bits, sizeof value), value;
}

struct array {
    std::vector<std::size_t> shape;
    std::vector<double> values;
    array(const std::string &sizes, const std::string &data) {
        for (const auto &size : split(sizes, 'x')) shape.push_back(std::stoull(size));
        const std::string bytes = text(data);
        values.resize(bytes.size() / sizeof(double));
        if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    }
};

template <std::size_t Dims = 1>
static void put_array(const std::string &name, const array &a) {
    if (a.shape.size() == Dims) {
        std::array<std::size_t, Dims> shape{};
        std::copy_n(a.shape.begin(), Dims, shape.begin());
        sender->own_buffer().column(name, questdb::array_view<Dims>{shape, a.values});
    } else if constexpr (Dims < 3) {
        put_array<Dims + 1>(name, a);
    }
}

// The wrapper's prepared rows know their types when they are compiled; the kinds here are not known until they are read.
static void prepared(const std::vector<std::string> &w) {
    std::vector<questdb_cell> cells(w.size() - 2);
    std::vector<std::string> texts(cells.size());
    std::list<array> arrays;
    std::list<questdb_array> views;
    for (std::size_t i = 0; i < cells.size(); i++) {
        const auto part = split(w[i + 2], ':');
        const char kind = part[0][0];
        cells[i].kind = static_cast<std::uint32_t>(std::string("nbiftad").find(kind));
        if (kind == 'b' || kind == 'i') cells[i].value.i64 = number(part[1]);
        if (kind == 'f') cells[i].value.f64 = bits(part[1]);
        if (kind == 'd') cells[i].scale = small(part[1]);
        if (kind == 't' || kind == 'd') texts[i] = text(part.back());
        if (kind == 't' || kind == 'd') cells[i].value.ptr = texts[i].data(), cells[i].len = texts[i].size();
        if (kind != 'a') continue;
        const array &a = arrays.emplace_back(part[1], part[2]);
        const auto *data = reinterpret_cast<const std::uint8_t *>(a.values.data());
        views.push_back({a.shape.size(), a.shape.data(), nullptr, data, a.values.size() * sizeof(double), 0});
        cells[i].value.ptr = &views.back();
    }
    auto *failed = questdb_sender_append_row(sender->c_handle(), layout->c_handle(), cells.data(), cells.size(), number(w[1]));
    if (failed) throw questdb::error(failed);
}

static std::uint64_t command(const std::vector<std::string> &w) {
    const std::string &verb = w[0];
    if (verb == "row") return prepared(w), 0;
    const std::string name = w.size() > 1 ? text(w[1]) : "";
    if (verb == "open") return transaction.reset(), sender.emplace(name), 0;
    if (verb == "layout") {
        layout.emplace(name, static_cast<questdb::stamp>(number(w[2])));
        for (std::size_t i = 3; i < w.size(); i++) {
            const auto part = split(w[i], ':');
            layout->add(text(part[0]), static_cast<questdb::column_kind>(number(part[1])));
        }
        return 0;
    }
    if (verb == "close") return sender->close(std::chrono::milliseconds{number(w[1])});
    auto rows = sender->own_buffer();
    questdb::row row{sender->c_handle(), rows.c_buffer()};
    if (verb == "table") rows.set_marker(), rows.table(name), row_open = true;
    else if (verb == "symbol") rows.symbol(name, text(w[2]));
    else if (verb == "bool") rows.column(name, w[2] != "0");
    else if (verb == "i64") rows.column(name, number(w[2]));
    else if (verb == "f64") rows.column(name, bits(w[2]));
    else if (verb == "str") rows.column(name, text(w[2]));
    else if (verb == "us") rows.column(name, questdb::timestamp_micros{number(w[2])});
    else if (verb == "ns") rows.column(name, questdb::timestamp_nanos{number(w[2])});
    else if (verb == "arr") put_array(name, array(w[2], w[3]));
    else if (verb == "dec") rows.column(name, questdb::decimal_text{text(w[2])});
    else if (verb == "dec64") rows.column(name, questdb::decimal{number(w[3]), small(w[2])});
    else if (verb == "decbin") {
        const std::string digits = text(w[3]);
        rows.column(name, questdb::decimal_bytes{{reinterpret_cast<const std::uint8_t *>(digits.data()), digits.size()}, small(w[2])});
    } else if (verb == "at_ns") row.at(questdb::timestamp_nanos{number(w[1])}), row_open = false;
    else if (verb == "at_us") row.at(questdb::timestamp_micros{number(w[1])}), row_open = false;
    else if (verb == "at_now") row.at_now(), row_open = false;
    else if (verb == "flush") sender->flush();
    else if (verb == "begin") transaction.emplace(sender->begin(name));
    else if (verb == "commit") transaction->commit();
    else if (verb == "rollback") row_open = false, transaction->rollback();
    else if (verb == "clear") row_open = false, rows.clear();
    else if (verb == "drop" && std::exchange(row_open, false)) rows.rewind_to_marker();
    else if (verb == "stat") return sender->stat(static_cast<questdb_stat>(number(w[1])));
    else if (verb == "pending") return rows.row_count();
    return 0;
}

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        try {
            const auto result = command(split(line, ' '));
            std::cout << "ok " << result << std::endl;
        } catch (const questdb::error &e) {
            row_open = row_open && !e.row_accepted();
            std::cout << "err " << e.code_name() << ' ' << questdb_outcome_name(e.outcome()) << ' ' << (e.retryable() ? "r" : "")
                      << (e.in_doubt() ? "d" : "") << (e.row_accepted() ? "a" : "") << ". " << e.http_status() << ' '
                      << e.server_line() << ' ' << e.what() << std::endl;
        }
    }
    transaction.reset();  // before its sender
}
