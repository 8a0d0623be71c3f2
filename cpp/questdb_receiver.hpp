// The C++17 wrapper of questdb-receiver, a small server for tests inside your program. It is one header on top of
// questdb_receiver.h.
//
//   questdb::receiver receiver;                                     // free ports of 127.0.0.1
//   run_what_is_tested(receiver.conf(QUESTDB_RECEIVER_LISTENER_HTTP)); // "http::addr=127.0.0.1:40123;", for any client
//   receiver.wait_for_rows("trades", 2);
//   std::string json = receiver.table_json("trades");
//
// ERRORS are exceptions of type questdb::receiver_error; the only other exception is std::bad_alloc. A receiver that was moved from
// throws QUESTDB_RECEIVER_ERROR_CODE_INVALID_ARGUMENT.
//
// THREADS. Any thread may call any function of a receiver at any time, except its destructor and moves.
//
// SPDX-License-Identifier: Apache-2.0

#ifndef QUESTDB_RECEIVER_HPP
#define QUESTDB_RECEIVER_HPP

#include <questdb_receiver.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace questdb {

/// Why a call on a receiver failed. `what()` is one line for people.
class receiver_error : public std::runtime_error {
  public:
    receiver_error(std::uint32_t code, const std::string &message) : std::runtime_error(message), code_(code) {}

    /// Returns the kind of the error. A newer library may return a number that the header does not name.
    ::questdb_receiver_error_code code() const noexcept { return static_cast<::questdb_receiver_error_code>(code_); }
    /// Returns the name of the kind, such as `TIMEOUT`.
    const char *code_name() const noexcept { return ::questdb_receiver_error_code_name(code_); }

  private:
    std::uint32_t code_;
};

/// A running receiver. The destructor stops it.
class receiver {
  public:
    /// Starts a receiver. The configuration has the form of `server.conf`, a line `key=value` for each key, and may be empty.
    explicit receiver(std::string_view conf = {}) {
        ::questdb_receiver *made = nullptr;
        throw_if(::questdb_receiver_start(conf.data(), conf.size(), &made));
        handle_.reset(made);
    }

    /// Returns the start of a connection string for a client, or an empty text if the listener is switched off.
    std::string conf(::questdb_receiver_listener listener) const {
        const char *conf = ::questdb_receiver_conf(handle_.get(), listener);
        return conf != nullptr ? conf : "";
    }
    /// Returns the port of a listener, or 0 if it is switched off.
    std::uint16_t port(::questdb_receiver_listener listener) const noexcept {
        return ::questdb_receiver_port(handle_.get(), listener);
    }
    /// Returns a counter since the start.
    std::uint64_t stat(::questdb_receiver_stat stat) const noexcept {
        return ::questdb_receiver_get_stat(handle_.get(), stat);
    }
    /// Makes an empty table, for column types that rows do not create: pairs of names and types such as `DECIMAL`.
    void create_table(std::string_view table, const std::vector<std::pair<std::string, std::string>> &columns) {
        std::vector<::questdb_receiver_column> all;
        all.reserve(columns.size());
        for (const auto &[name, type] : columns) all.push_back({name.data(), name.size(), type.data(), type.size()});
        throw_if(::questdb_receiver_create_table(handle_.get(), table.data(), table.size(), all.data(), all.size()));
    }
    /// Waits until a table has at least so many rows. Throws TIMEOUT if they do not come.
    void wait_for_rows(std::string_view table, std::size_t rows,
                       std::chrono::milliseconds timeout = std::chrono::seconds{10}) const {
        const auto millis = timeout.count() > 0 ? static_cast<std::uint64_t>(timeout.count()) : 0;
        throw_if(::questdb_receiver_wait_for_rows(handle_.get(), table.data(), table.size(), rows, millis));
    }
    /// Returns how many rows a table has: 0 if there is no such table.
    std::size_t row_count(std::string_view table) const {
        std::size_t rows = 0;
        throw_if(::questdb_receiver_row_count(handle_.get(), table.data(), table.size(), &rows));
        return rows;
    }
    /// Returns a table as it is now, as JSON; questdb_receiver.h tells its form.
    std::string table_json(std::string_view table) const {
        return text([&](::questdb_receiver_text **out) {
            return ::questdb_receiver_table_json(handle_.get(), table.data(), table.size(), out);
        });
    }
    /// Returns all tables with their columns and number of rows, as JSON.
    std::string tables_json() const {
        return text([&](::questdb_receiver_text **out) { return ::questdb_receiver_tables_json(handle_.get(), out); });
    }
    /// Returns the last rows and connections that were refused, as JSON.
    std::string refusals_json() const {
        return text([&](::questdb_receiver_text **out) { return ::questdb_receiver_refusals_json(handle_.get(), out); });
    }
    /// Returns a table as it is now, as a stream of Apache Arrow that you release. It outlives the receiver.
    [[nodiscard]] ::ArrowArrayStream table_arrow(std::string_view table) const {
        ::ArrowArrayStream stream;
        throw_if(::questdb_receiver_table_arrow(handle_.get(), table.data(), table.size(), &stream));
        return stream;
    }
    /// Forgets all tables. Clients stay connected.
    void clear() { throw_if(::questdb_receiver_clear(handle_.get())); }
    /// Stops listening, stores what has arrived and ends the connections. The tables can still be read.
    void stop() { throw_if(::questdb_receiver_stop(handle_.get())); }

    const ::questdb_receiver *c_handle() const noexcept { return handle_.get(); }

  private:
    struct free_receiver {
        void operator()(::questdb_receiver *handle) const noexcept { ::questdb_receiver_free(handle); }
    };
    struct free_text {
        void operator()(::questdb_receiver_text *text) const noexcept { ::questdb_receiver_text_free(text); }
    };
    struct free_error {
        void operator()(::questdb_receiver_error *error) const noexcept { ::questdb_receiver_error_free(error); }
    };

    static void throw_if(::questdb_receiver_error *failed) {
        if (failed == nullptr) return;
        const std::unique_ptr<::questdb_receiver_error, free_error> owned{failed};
        throw receiver_error(::questdb_receiver_error_get_code(failed), ::questdb_receiver_error_message(failed));
    }
    template <class Call>
    static std::string text(Call call) {
        ::questdb_receiver_text *made = nullptr;
        throw_if(call(&made));
        const std::unique_ptr<::questdb_receiver_text, free_text> owned{made};
        return {::questdb_receiver_text_data(made), ::questdb_receiver_text_len(made)};
    }

    std::unique_ptr<::questdb_receiver, free_receiver> handle_;
};

}  // namespace questdb

#endif
