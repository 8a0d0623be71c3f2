// The conformance driver in C++: commands on standard input, answers on standard output; see ../README.md.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <iostream>
#include <list>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "questdb_ingress.hpp"

static std::optional<questdb::sender> sender;
static std::optional<questdb::transaction> transaction;
static std::optional<questdb::row_layout> layout;
static std::optional<questdb::row> current;  // goes on after a failed call, until `drop` or the next row

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
static void put_array(questdb::row &row, const std::string &name, const array &a) {
    if (a.shape.size() == Dims) {
        std::array<std::size_t, Dims> shape{};
        std::copy_n(a.shape.begin(), Dims, shape.begin());
        row.column(name, questdb::array_view<Dims>{shape, a.values});
    } else if constexpr (Dims < 3) {
        put_array<Dims + 1>(row, name, a);
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

static void row_call(const std::string &verb, const std::string &name, const std::vector<std::string> &w) {
    // Calls without a row are made, too, and refused.
    std::optional<questdb::row> none;
    if (!current || !current->is_open()) none.emplace(sender->c_handle(), sender->own_buffer().c_buffer());
    questdb::row &row = none ? *none : *current;
    if (verb == "symbol") row.symbol(name, text(w[2]));
    else if (verb == "bool") row.column(name, w[2] != "0");
    else if (verb == "i64") row.column(name, number(w[2]));
    else if (verb == "f64") row.column(name, bits(w[2]));
    else if (verb == "str") row.column(name, text(w[2]));
    else if (verb == "us") row.column(name, questdb::timestamp_micros{number(w[2])});
    else if (verb == "ns") row.column(name, questdb::timestamp_nanos{number(w[2])});
    else if (verb == "arr") put_array(row, name, array(w[2], w[3]));
    else if (verb == "dec") row.column(name, questdb::decimal_text{text(w[2])});
    else if (verb == "dec64") row.column(name, questdb::decimal{number(w[3]), small(w[2])});
    else if (verb == "decbin") {
        const std::string digits = text(w[3]);
        row.column(name, questdb::decimal_bytes{{reinterpret_cast<const std::uint8_t *>(digits.data()), digits.size()}, small(w[2])});
    } else if (verb == "at_ns") row.at(questdb::timestamp_nanos{number(w[1])});
    else if (verb == "at_us") row.at(questdb::timestamp_micros{number(w[1])});
    else if (verb == "at_now") row.at_now();
}

static std::optional<questdb::pool> pool;
static std::optional<questdb::buffer> rows_of_batch;
static std::vector<std::uint64_t> batches;
static std::map<std::size_t, questdb::completion> completions;

static void submit(questdb::buffer &rows, const std::string &key) {
    questdb::submit_options options;
    options.order_key = std::stoull(key);
    batches.push_back(pool->submit(rows, options));
}

// Nothing for what is not a command of the pool.
static std::optional<std::uint64_t> of_pool(const std::vector<std::string> &w) {
    const std::string &verb = w[0];
    if (verb == "pool") {
        completions.clear(), batches.clear(), rows_of_batch.reset();
        pool.emplace(text(w[1]));
        rows_of_batch.emplace(pool->new_buffer());
    } else if (verb == "batch") {
        rows_of_batch->clear();
        for (auto i = number(w[2]); i < number(w[2]) + number(w[3]); i++)
            rows_of_batch->table(text(w[1])).column("v", i).at(questdb::timestamp_nanos{i});
        submit(*rows_of_batch, w[4]);
    } else if (verb == "done") {
        const std::size_t at = std::stoull(w[1]);
        auto &done = completions.emplace(at, pool->wait_for(batches[at], std::chrono::minutes{1}).value()).first->second;
        if (done.failure) throw *done.failure;
        return done.rows;
    } else if (verb == "again") {
        submit(*completions.at(std::stoull(w[1])).failed_rows, w[2]);
    } else if (verb == "pool_stat") {
        return pool->stat(static_cast<questdb_pool_counter>(number(w[1])));
    } else if (verb == "pool_close") {
        const auto report = pool->close(std::chrono::milliseconds{number(w[1])});
        return report.unsent_rows + report.rows_in_doubt;
    } else {
        return std::nullopt;
    }
    return 0;
}

static std::uint64_t command(const std::vector<std::string> &w) {
    const std::string &verb = w[0];
    if (const auto answer = of_pool(w)) return *answer;
    if (verb == "row") return prepared(w), 0;
    const std::string name = w.size() > 1 ? text(w[1]) : "";
    if (verb == "open") return current.reset(), transaction.reset(), sender.emplace(name), 0;
    if (verb == "layout") {
        layout.emplace(name, static_cast<questdb::stamp>(number(w[2])));
        for (std::size_t i = 3; i < w.size(); i++) {
            const auto part = split(w[i], ':');
            layout->add(text(part[0]), static_cast<questdb::column_kind>(number(part[1])));
        }
        return 0;
    }
    if (verb == "close") return sender->close(std::chrono::milliseconds{number(w[1])});
    if (verb == "stat") return sender->stat(static_cast<questdb_stat>(number(w[1])));
    auto rows = sender->own_buffer();
    if (verb == "pending") return rows.row_count();
    if (verb == "table") current.emplace(sender->table(name));
    else if (verb == "flush") sender->flush();
    else if (verb == "begin") transaction.emplace(sender->begin(name));
    else if (verb == "commit") transaction->commit();
    else if (verb == "rollback") current.reset(), transaction->rollback();
    else if (verb == "clear") current.reset(), rows.clear();
    else if (verb == "remove") rows.remove_rows(std::stoull(w[1]), std::stoull(w[2]));
    else if (verb == "drop") current.reset();
    else row_call(verb, name, w);
    return 0;
}

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        try {
            const auto result = command(split(line, ' '));
            std::cout << "ok " << result << std::endl;
        } catch (const questdb::error &e) {
            std::cout << "err " << e.code_name() << ' ' << questdb_outcome_name(e.outcome()) << ' ' << (e.retryable() ? "r" : "")
                      << (e.in_doubt() ? "d" : "") << (e.row_accepted() ? "a" : "") << ". " << e.http_status() << ' '
                      << e.server_line() << ' ' << e.what() << std::endl;
        }
    }
    current.reset(), transaction.reset();  // before their sender
}
