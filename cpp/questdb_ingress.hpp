// The C++17 wrapper of questdb-ingress, which sends rows to QuestDB. It is one header on top of questdb_ingress.h.
//
//   questdb::sender sender{"http::addr=localhost:9000;"};
//   sender.table("trades").symbol("symbol", "ETH-USD").column("price", 2615.54).at(std::chrono::system_clock::now());
//   sender.close(std::chrono::seconds{10});
//
// ERRORS are exceptions of type questdb::error; the only other exception is std::bad_alloc. After an exception the object is as
// it was before the call. An object that was moved from throws QUESTDB_ERROR_CODE_INVALID_ARGUMENT.
//
// ROWS. `sender::table`, `transaction::new_row` and `buffer::new_row` return a row. The row is sent only after `at` or `at_now`
// has ended it. A row that is destroyed earlier, because an exception was thrown or `at` was forgotten, is dropped, and the
// rows before it stay.
//
// VALUES. `column` takes bool, every integer that fits in 64 bits with a sign, float, double, text, points in time of the
// system clock, arrays of doubles, decimals, and a std::optional of each of these: an empty one leaves the column out of the
// row. Anything else does not compile. Text is UTF-8 and is read during the call only.
//
// THREADS. As in questdb_ingress.h: an object may move between threads and is used by one at a time. Any thread may call
// `sender::cancel`, `sender::stat` and `sender::last_error` at any time.
//
// SPDX-License-Identifier: Apache-2.0

#ifndef QUESTDB_INGRESS_HPP
#define QUESTDB_INGRESS_HPP

#include <questdb_ingress.h>

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

#if defined(__GNUC__) || defined(__clang__)
#define QUESTDB_COLD __attribute__((cold))
#else
#define QUESTDB_COLD
#endif

namespace questdb {

using error_code = ::questdb_error_code;
using outcome = ::questdb_outcome;
using stat = ::questdb_stat;
using stamp = ::questdb_stamp;
using column_kind = ::questdb_column_kind;

class error;
class buffer;
class row_layout;
class sender;

/// Returns the version of the library, such as `0.1.0`.
inline const char *version() noexcept { return ::questdb_version(); }
/// Returns whether the loaded library has the functions that this header calls. If it does not, it must not be used.
inline bool library_fits() noexcept { return ::questdb_abi_version() == QUESTDB_ABI_VERSION; }

namespace detail {

template <class T>
using bare = std::remove_cv_t<std::remove_reference_t<T>>;

template <class T>
inline constexpr bool never = false;

template <class T>
inline constexpr bool is_text =
    std::is_convertible_v<const T &, std::string_view> && !std::is_null_pointer_v<T>;

#ifdef __cpp_char8_t
template <class T>
inline constexpr bool is_u8text =
    std::is_convertible_v<const T &, std::u8string_view> && !std::is_null_pointer_v<T>;
#else
template <class T>
inline constexpr bool is_u8text = false;
#endif

template <class T>
inline constexpr bool is_any_text = is_text<T> || is_u8text<T>;

template <class T>
constexpr std::string_view to_text(const T &value) {
#ifdef __cpp_char8_t
    if constexpr (!is_text<T>) {
        const std::u8string_view view = value;
        return {reinterpret_cast<const char *>(view.data()), view.size()};
    } else
#endif
        return value;
}

template <class T>
struct optional_value {
    static constexpr bool is = false;
};
template <class T>
struct optional_value<std::optional<T>> {
    static constexpr bool is = true;
};

[[noreturn]] QUESTDB_COLD inline void raise(::questdb_error *failed);
[[noreturn]] QUESTDB_COLD inline void raise(error_code code, const char *message);

/// Throws the error that the library returned, if there is one.
inline void throw_if(::questdb_error *failed) {
    if (failed != nullptr) raise(failed);
}

/// Owns a handle of the library. It can only be moved, and is as large as a pointer.
template <class T, void (*Free)(T *)>
struct deleter {
    void operator()(T *handle) const noexcept { Free(handle); }
};
template <class T, void (*Free)(T *)>
using handle = std::unique_ptr<T, deleter<T, Free>>;

}  // namespace detail

/// What went wrong, and what is known about the data. `what()` is one line for people, without secrets.
class error : public std::runtime_error {
  public:
    /// Takes ownership of an error of the C interface.
    explicit error(::questdb_error *failed)
        : std::runtime_error(::questdb_error_message(failed)),
          handle_(failed, ::questdb_error_free),
          code_(static_cast<error_code>(::questdb_error_get_code(failed))) {}
    /// Makes an error of the wrapper itself, or of your own layer above it, which means that nothing was sent.
    error(error_code code, const std::string &message) : std::runtime_error(message), code_(code) {}

    /// Returns the kind of the error. A newer library may return a number that the header does not name.
    error_code code() const noexcept { return code_; }
    /// Returns the name of the kind, such as `INVALID_NAME`.
    const char *code_name() const noexcept { return ::questdb_error_code_name(code_); }
    /// Returns what is known about the data of a failed flush.
    ::questdb_outcome outcome() const noexcept {
        const std::uint32_t known = handle_ ? ::questdb_error_outcome(handle_.get()) : QUESTDB_OUTCOME_NOT_SENT;
        return known >= QUESTDB_OUTCOME_NOT_SENT && known <= QUESTDB_OUTCOME_COMMITTED
                   ? static_cast<::questdb_outcome>(known)
                   : QUESTDB_OUTCOME_IN_DOUBT;
    }
    /// Returns the name of the outcome, such as `IN_DOUBT`.
    const char *outcome_name() const noexcept { return ::questdb_outcome_name(outcome()); }
    /// Returns whether the same call may succeed later without any change.
    bool retryable() const noexcept { return ::questdb_error_retryable(handle_.get()); }
    /// Returns whether the data may have been stored, so that sending it again may duplicate rows.
    bool in_doubt() const noexcept { return ::questdb_error_in_doubt(handle_.get()); }
    /// Returns whether the row that the failed call ended is in the buffer. If so, do not add it again.
    bool row_accepted() const noexcept { return ::questdb_error_row_accepted(handle_.get()); }
    /// Returns how many rows of a batch were taken before the call failed: they were sent or are in the buffer.
    std::size_t rows_accepted() const noexcept { return ::questdb_error_rows_accepted(handle_.get()); }
    std::uint32_t attempts() const noexcept { return ::questdb_error_attempts(handle_.get()); }
    std::uint32_t in_doubt_attempts() const noexcept { return ::questdb_error_in_doubt_attempts(handle_.get()); }
    /// Returns the HTTP status of the last answer, or 0 if there was none.
    std::uint32_t http_status() const noexcept { return ::questdb_error_http_status(handle_.get()); }
    /// Returns how long the server asked the client to wait before the next attempt, if it did.
    std::optional<std::chrono::milliseconds> retry_after() const noexcept {
        const std::int64_t millis = handle_ ? ::questdb_error_retry_after_millis(handle_.get()) : -1;
        if (millis < 0) return std::nullopt;
        return std::chrono::milliseconds{millis};
    }
    /// Returns the id that the server gave this error, which is also in its log, or an empty text.
    std::string_view server_error_id() const noexcept { return text(::questdb_error_server_error_id(handle_.get())); }
    /// Returns the server's own code for the kind of error, or an empty text.
    std::string_view server_code() const noexcept { return text(::questdb_error_server_code(handle_.get())); }
    /// Returns the number of the first refused row in the flushed buffer, counted from 1, or 0 if it is unknown.
    std::uint64_t server_line() const noexcept { return ::questdb_error_server_line(handle_.get()); }
    /// Returns the table that the error is about, or an empty text if it is unknown.
    std::string_view table() const noexcept { return text(::questdb_error_table(handle_.get())); }
    /// Returns how many bytes of the buffer the last attempt handed to the kernel.
    std::uint64_t bytes_sent() const noexcept { return ::questdb_error_bytes_sent(handle_.get()); }
    /// Returns the time from the start of the flush to this error.
    std::chrono::milliseconds elapsed() const noexcept {
        return std::chrono::milliseconds{
            static_cast<std::chrono::milliseconds::rep>(::questdb_error_elapsed_millis(handle_.get()))};
    }
    /// Returns how many rows of earlier flushes over TCP this error puts in doubt, also after `sender::close`, or 0. These rows
    /// are no longer in the buffer, and `outcome` says nothing about them.
    std::uint64_t earlier_rows_in_doubt() const noexcept {
        return ::questdb_error_earlier_rows_in_doubt(handle_.get());
    }
    /// After `sender::close`, returns how many complete rows of the sender's own buffer were not handed over.
    std::uint64_t unconfirmed_rows() const noexcept { return unconfirmed_rows_; }

  private:
    friend class sender;
    static std::string_view text(const char *maybe) noexcept { return maybe ? maybe : std::string_view{}; }

    std::shared_ptr<::questdb_error> handle_;  // shared, because exceptions are copied
    error_code code_;
    std::uint64_t unconfirmed_rows_ = 0;
};

namespace detail {
inline void raise(::questdb_error *failed) { throw error(failed); }
inline void raise(error_code code, const char *message) { throw error(code, message); }
}  // namespace detail

/// Microseconds since 1970.
struct timestamp_micros {
    std::int64_t count;
    constexpr explicit timestamp_micros(std::int64_t micros) noexcept : count(micros) {}
};

/// Nanoseconds since 1970.
struct timestamp_nanos {
    std::int64_t count;
    constexpr explicit timestamp_nanos(std::int64_t nanos) noexcept : count(nanos) {}
};

namespace detail {

template <template <class> class Expression, class T, class = void>
struct compiles : std::false_type {};
template <template <class> class Expression, class T>
struct compiles<Expression, T, std::void_t<Expression<T>>> : std::true_type {};

// Names of members that a type has for its own shape, or for gaps between its elements. A type that has one of them is not
// treated as a list of values, whatever data() and size() return.
#define QUESTDB_SHAPE_CALL(word)                                                          \
    template <class T>                                                                    \
    using call_##word = decltype(std::declval<T &>().word());                             \
    template <class T>                                                                    \
    using call_at_##word = decltype(std::declval<T &>().word(0));                         \
    template <class T>                                                                    \
    inline constexpr bool says_##word = compiles<call_##word, T>::value || compiles<call_at_##word, T>::value;
#define QUESTDB_SHAPE_MEMBER(word)                                                        \
    template <class T>                                                                    \
    using member_##word = decltype(std::declval<T &>().word);                             \
    template <class T>                                                                    \
    inline constexpr bool holds_##word = compiles<member_##word, T>::value;
#define QUESTDB_SHAPE_BOTH(word) QUESTDB_SHAPE_CALL(word) QUESTDB_SHAPE_MEMBER(word)
QUESTDB_SHAPE_BOTH(rows)
QUESTDB_SHAPE_BOTH(cols)
QUESTDB_SHAPE_BOTH(columns)
QUESTDB_SHAPE_BOTH(shape)
QUESTDB_SHAPE_BOTH(dims)
QUESTDB_SHAPE_BOTH(strides)
QUESTDB_SHAPE_BOTH(stride)
QUESTDB_SHAPE_BOTH(width)
QUESTDB_SHAPE_BOTH(height)
QUESTDB_SHAPE_CALL(rank)
QUESTDB_SHAPE_CALL(ndim)
QUESTDB_SHAPE_CALL(dim)
QUESTDB_SHAPE_CALL(dimension)
QUESTDB_SHAPE_CALL(dimensions)
QUESTDB_SHAPE_CALL(num_dimensions)
QUESTDB_SHAPE_CALL(extent)
QUESTDB_SHAPE_CALL(extents)
QUESTDB_SHAPE_CALL(nrows)
QUESTDB_SHAPE_CALL(num_rows)
QUESTDB_SHAPE_CALL(row_count)
QUESTDB_SHAPE_CALL(size1)
QUESTDB_SHAPE_CALL(size2)
QUESTDB_SHAPE_MEMBER(n_rows)
QUESTDB_SHAPE_MEMBER(n_cols)
#undef QUESTDB_SHAPE_BOTH
#undef QUESTDB_SHAPE_MEMBER
#undef QUESTDB_SHAPE_CALL
template <class T>
inline constexpr bool says_shape_of_its_own =
    says_rows<T> || holds_rows<T> || says_cols<T> || holds_cols<T> || says_columns<T> || holds_columns<T> || says_shape<T> ||
    holds_shape<T> || says_dims<T> || holds_dims<T> || says_strides<T> || holds_strides<T> || says_stride<T> ||
    holds_stride<T> || says_width<T> || holds_width<T> || says_height<T> || holds_height<T> || says_rank<T> || says_ndim<T> ||
    says_dim<T> || says_dimension<T> || says_dimensions<T> || says_num_dimensions<T> || says_extent<T> || says_extents<T> ||
    says_nrows<T> || says_num_rows<T> || says_row_count<T> || says_size1<T> || says_size2<T> || holds_n_rows<T> ||
    holds_n_cols<T>;

template <class T>
using element_at_data = bare<decltype(*std::declval<const T &>().data())>;
template <class T>
using element_at_index = bare<decltype(std::declval<const T &>()[std::size_t{}])>;
template <class T>
using element_at_begin = bare<decltype(*std::declval<const T &>().begin())>;
template <class T>
using size_as_given = decltype(std::declval<const T &>().size());

/// Whether data() and size() describe a type completely: its index operator and iterators give the elements that data() points
/// to, and it has no member for a shape or for strides. Any other type has to state its shape.
template <class T, class = void>
struct one_dimensional : std::false_type {};
template <class T>
struct one_dimensional<T, std::void_t<element_at_data<T>, size_as_given<T>, element_at_index<T>, element_at_begin<T>>>
    : std::bool_constant<std::is_integral_v<bare<size_as_given<T>>> &&
                         std::is_same_v<element_at_data<T>, element_at_index<T>> &&
                         std::is_same_v<element_at_data<T>, element_at_begin<T>> && !says_shape_of_its_own<T>> {};

}  // namespace detail

/// A view of memory that it does not own: pointer and size, or anything one-dimensional that has data() and size(), such as
/// std::span and std::vector.
template <class T>
class slice {
  public:
    constexpr slice() noexcept = default;
    constexpr slice(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <class C, class = std::enable_if_t<std::is_convertible_v<
                           std::remove_pointer_t<decltype(std::declval<const C &>().data())> (*)[], T (*)[]> &&
                           detail::one_dimensional<C>::value>>
    constexpr slice(const C &container) noexcept
        : data_(container.data()), size_(static_cast<std::size_t>(container.size())) {}
    template <std::size_t N>
    constexpr slice(T (&array)[N]) noexcept : data_(array), size_(N) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail {

// Convert numbers of elements to bytes. A result that does not fit stays too large, so that the library refuses it, instead of
// wrapping to something small.
constexpr std::ptrdiff_t stride_in_bytes(std::ptrdiff_t elements) noexcept {
    constexpr std::ptrdiff_t size = sizeof(double), most = (std::numeric_limits<std::ptrdiff_t>::max)() / size;
    return (elements > most ? most : elements < -most ? -most : elements) * size;
}
constexpr std::size_t size_in_bytes(std::size_t elements) noexcept {
    constexpr std::size_t most = (std::numeric_limits<std::size_t>::max)() / sizeof(double);
    return (elements > most ? most : elements) * sizeof(double);
}

/// Makes the array of the C interface. It points to the arguments.
inline ::questdb_array c_array(std::size_t dims, const std::size_t *shape, const std::ptrdiff_t *strides,
                               const double *data, std::size_t bytes, std::size_t origin) noexcept {
    return {dims, shape, strides, reinterpret_cast<const std::uint8_t *>(data), bytes, origin};
}

}  // namespace detail

/// A view of an n-dimensional array of doubles in memory that it does not own.
template <std::size_t Dims>
class array_view {
    static_assert(Dims >= 1 && Dims <= 32, "QuestDB arrays have 1 to 32 dimensions");

  public:
    /// A row-major array without gaps: `array_view<2>{{rows, columns}, values}`. A shape that does not match the number of
    /// values is INVALID_ARRAY.
    array_view(const std::array<std::size_t, Dims> &shape, slice<const double> values) noexcept
        : shape_(shape), data_(values.data()), bytes_(detail::size_in_bytes(values.size())), strided_(false) {}
    /// An array with strides in elements, which may be zero or negative. Element [0, 0, …] is `values[first]`.
    array_view(const std::array<std::size_t, Dims> &shape, const std::array<std::ptrdiff_t, Dims> &strides,
               slice<const double> values, std::size_t first = 0) noexcept
        : shape_(shape), strides_(strides), data_(values.data()), bytes_(detail::size_in_bytes(values.size())),
          origin_(detail::size_in_bytes(first)) {
        for (std::ptrdiff_t &stride : strides_) stride = detail::stride_in_bytes(stride);
    }

    /// Returns the array of the C interface. It points into this view.
    ::questdb_array c_array() const noexcept {
        return detail::c_array(Dims, shape_.data(), strided_ ? strides_.data() : nullptr, data_, bytes_, origin_);
    }

  private:
    std::array<std::size_t, Dims> shape_;
    std::array<std::ptrdiff_t, Dims> strides_{};
    const double *data_;
    std::size_t bytes_;
    std::size_t origin_ = 0;
    bool strided_ = true;
};

/// Like array_view, for a number of dimensions that is known only at run time.
class dynamic_array_view {
  public:
    /// A row-major array without gaps. No dimension at all, or more than 32, is INVALID_ARRAY.
    dynamic_array_view(slice<const std::size_t> shape, slice<const double> values)
        : data_(values.data()), bytes_(detail::size_in_bytes(values.size())), strided_(false) {
        take(shape);
    }
    /// An array with strides in elements, one for each dimension. Element [0, 0, …] is `values[first]`.
    dynamic_array_view(slice<const std::size_t> shape, slice<const std::ptrdiff_t> strides, slice<const double> values,
                       std::size_t first = 0)
        : data_(values.data()), bytes_(detail::size_in_bytes(values.size())), origin_(detail::size_in_bytes(first)) {
        take(shape);
        if (strides.size() != dims_)
            detail::raise(QUESTDB_ERROR_CODE_INVALID_ARRAY, "an array needs as many strides as it has dimensions");
        for (std::size_t i = 0; i < dims_; ++i) strides_[i] = detail::stride_in_bytes(strides[i]);
    }

    /// Returns the array of the C interface. It points into this view.
    ::questdb_array c_array() const noexcept {
        return detail::c_array(dims_, shape_.data(), strided_ ? strides_.data() : nullptr, data_, bytes_, origin_);
    }

  private:
    void take(slice<const std::size_t> shape) {
        dims_ = shape.size();
        if (dims_ < 1 || dims_ > shape_.size())
            detail::raise(QUESTDB_ERROR_CODE_INVALID_ARRAY, "QuestDB arrays have 1 to 32 dimensions");
        for (std::size_t i = 0; i < dims_; ++i) shape_[i] = shape[i];
    }

    std::size_t dims_ = 0;
    std::array<std::size_t, 32> shape_{};
    std::array<std::ptrdiff_t, 32> strides_{};
    const double *data_;
    std::size_t bytes_;
    std::size_t origin_ = 0;
    bool strided_ = true;
};

// YOUR OWN ARRAY OR MATRIX TYPE becomes a column value with one function beside it, which argument-dependent lookup finds and
// which returns an array_view of its rank, or a dynamic_array_view. For a matrix that is stored column by column:
//
//   namespace lab {
//   questdb::array_view<2> to_questdb_array(const matrix &m) {
//       return {{m.rows(), m.cols()}, {1, static_cast<std::ptrdiff_t>(m.rows())}, {m.data(), m.size()}};
//   }
//   }

/// A decimal as text, such as `-12.50` or `1e-3`.
struct decimal_text {
    std::string_view text;
    constexpr explicit decimal_text(std::string_view digits) noexcept : text(digits) {}
};

/// The decimal `unscaled / 10^scale`. The scale is 0 to 76.
struct decimal {
    std::int64_t unscaled;
    std::uint32_t scale;
    constexpr decimal(std::int64_t unscaled_value, std::uint32_t digits_after_point) noexcept
        : unscaled(unscaled_value), scale(digits_after_point) {}
};

/// The decimal `(high * 2^64 + low) / 10^scale`.
struct decimal_i128 {
    std::int64_t high;
    std::uint64_t low;
    std::uint32_t scale;
    constexpr decimal_i128(std::int64_t high_half, std::uint64_t low_half, std::uint32_t digits_after_point) noexcept
        : high(high_half), low(low_half), scale(digits_after_point) {}
};

/// A decimal as a big-endian two's complement integer of at most 32 bytes, divided by 10^scale. No bytes mean NULL.
struct decimal_bytes {
    slice<const std::uint8_t> unscaled;
    std::uint32_t scale;
    constexpr decimal_bytes(slice<const std::uint8_t> big_endian, std::uint32_t digits_after_point) noexcept
        : unscaled(big_endian), scale(digits_after_point) {}
};

// YOUR OWN DECIMAL TYPE becomes a column value with one function beside it, which argument-dependent lookup finds and which
// returns any of the four decimals above:
//
//   namespace bank { questdb::decimal to_questdb_decimal(const money &m) { return {m.cents(), 2}; } }

namespace detail {

template <class T>
struct array_of {
    static constexpr bool is = false;
};
template <std::size_t Dims>
struct array_of<array_view<Dims>> {
    static constexpr bool is = true;
};
template <>
struct array_of<dynamic_array_view> {
    static constexpr bool is = true;
};

template <class T, class = void>
struct own_array : std::false_type {};
template <class T>
struct own_array<T, std::void_t<decltype(to_questdb_array(std::declval<const T &>()))>>
    : std::bool_constant<array_of<bare<decltype(to_questdb_array(std::declval<const T &>()))>>::is> {};

// Fixed arrays, and fixed arrays of them, have no gaps: each row follows the one before it.
template <class T>
struct dense {
    static constexpr std::size_t dims = 0;
    static constexpr bool doubles = std::is_same_v<T, double>;
};
template <class T, std::size_t N>
struct dense<std::array<T, N>> {
    static constexpr std::size_t dims = dense<std::remove_cv_t<T>>::dims + 1;
    static constexpr bool doubles = dense<std::remove_cv_t<T>>::doubles;
    static constexpr std::size_t size = N;
    using element = std::remove_cv_t<T>;
};
template <class T, std::size_t N>
struct dense<T[N]> {
    static constexpr std::size_t dims = dense<std::remove_cv_t<T>>::dims + 1;
    static constexpr bool doubles = dense<std::remove_cv_t<T>>::doubles;
    static constexpr std::size_t size = N;
    using element = std::remove_cv_t<T>;
};

template <class T, std::size_t Dims>
void dense_shape(std::array<std::size_t, Dims> &shape, std::size_t at = 0) noexcept {
    shape[at] = dense<T>::size;
    if constexpr (dense<T>::dims > 1) dense_shape<typename dense<T>::element>(shape, at + 1);
}

template <class T, class = void>
struct has_elements : std::false_type {};
template <class T>
struct has_elements<T, std::void_t<decltype(*std::declval<const T &>().data()), decltype(std::declval<const T &>().size())>>
    : std::true_type {
    using element = bare<decltype(*std::declval<const T &>().data())>;
};

template <class T, bool = has_elements<T>::value>
inline constexpr bool holds_doubles = false;
template <class T>
inline constexpr bool holds_doubles<T, true> = std::is_same_v<typename has_elements<T>::element, double>;
template <class T>
inline constexpr bool lists_doubles = holds_doubles<T> && one_dimensional<T>::value;

template <class T>
inline constexpr bool is_dense = dense<T>::dims > 0 && dense<T>::doubles;
template <class T>
inline constexpr bool is_array = array_of<T>::is || own_array<T>::value || is_dense<T> || lists_doubles<T>;

/// Returns any array value as a view.
template <class T>
auto to_array(const T &value) noexcept(!own_array<T>::value) {
    if constexpr (array_of<T>::is) {
        return value;
    } else if constexpr (own_array<T>::value) {
        return to_questdb_array(value);
    } else if constexpr (is_dense<T>) {
        static_assert(dense<T>::dims <= 32, "QuestDB arrays have 1 to 32 dimensions");
        std::array<std::size_t, dense<T>::dims> shape{};
        dense_shape<T>(shape);
        return array_view<dense<T>::dims>{shape, {reinterpret_cast<const double *>(&value), sizeof(T) / sizeof(double)}};
    } else {
        const auto size = static_cast<std::size_t>(value.size());
        return array_view<1>{{size}, {value.data(), size}};
    }
}

template <class T>
inline constexpr bool is_decimal = std::is_same_v<T, decimal_text> || std::is_same_v<T, decimal> ||
                                   std::is_same_v<T, decimal_i128> || std::is_same_v<T, decimal_bytes>;
template <class T, class = void>
struct own_decimal : std::false_type {};
template <class T>
struct own_decimal<T, std::void_t<decltype(to_questdb_decimal(std::declval<const T &>()))>>
    : std::bool_constant<is_decimal<bare<decltype(to_questdb_decimal(std::declval<const T &>()))>>> {};

template <class T>
struct time_point_of {
    static constexpr bool is = false;
};
template <class Clock, class Duration>
struct time_point_of<std::chrono::time_point<Clock, Duration>> {
    static constexpr bool is = true;
    using clock = Clock;
    using period = typename Duration::period;
    using rep = typename Duration::rep;
};

template <class T>
struct is_duration : std::false_type {};
template <class Rep, class Period>
struct is_duration<std::chrono::duration<Rep, Period>> : std::true_type {};

/// Converts `count` whole units to nanoseconds or microseconds since 1970, depending on the unit. Nothing is rounded.
template <class Clock, class Duration>
auto to_timestamp(std::chrono::time_point<Clock, Duration> when) {
    using rep = typename Duration::rep;
    using period = typename Duration::period;
    static_assert(std::is_same_v<Clock, std::chrono::system_clock>,
                  "only std::chrono::system_clock counts from 1970: convert this time point to it first");
    static_assert(std::is_integral_v<rep>,
                  "this time point counts in fractions: use std::chrono::time_point_cast<std::chrono::nanoseconds>");
    using in_nanos = std::ratio_divide<period, std::nano>;
    static_assert(in_nanos::den == 1,
                  "this time point is finer than nanoseconds: use std::chrono::floor<std::chrono::nanoseconds>");
    using in_micros = std::ratio_divide<period, std::micro>;
    constexpr bool micros = in_micros::den == 1;
    constexpr std::int64_t factor = micros ? in_micros::num : in_nanos::num;
    const auto count = when.time_since_epoch().count();
    constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
    constexpr std::int64_t least = (std::numeric_limits<std::int64_t>::min)();
    bool fits = true;
    if constexpr (sizeof(rep) > 8) fits = count >= static_cast<rep>(least) && count <= static_cast<rep>(most);
    else if constexpr (sizeof(rep) == 8 && std::is_unsigned_v<rep>) fits = count <= static_cast<rep>(most);
    // The conversion to 64 bits comes after the check of the limits, because these may not fit in a shorter `rep`.
    const auto whole = static_cast<std::int64_t>(count);
    if constexpr (factor != 1) fits = fits && whole <= most / factor && whole >= least / factor;
    if (!fits) raise(QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, "the time point does not fit 64 bits");
    const std::int64_t result = whole * factor;
    if constexpr (micros) return timestamp_micros{result};
    else return timestamp_nanos{result};
}

/// Converts to whole milliseconds and rounds up, so that a short time does not become 0. A time that does not fit becomes the
/// longest that does.
template <class Rep, class Period>
std::int64_t to_millis(std::chrono::duration<Rep, Period> time) {
    static_assert(std::is_arithmetic_v<Rep>, "this duration counts in a type of its own: use std::chrono::duration_cast");
    constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
    constexpr std::int64_t least = (std::numeric_limits<std::int64_t>::min)();
    using in_millis = std::ratio_divide<Period, std::milli>;
    if constexpr (std::is_floating_point_v<Rep>) {
        const double millis =
            static_cast<double>(time.count()) * static_cast<double>(in_millis::num) / static_cast<double>(in_millis::den);
        if (millis >= 9.2e18) return most;
        if (millis <= -9.2e18) return least;
        if (!(millis > 0) && !(millis <= 0)) raise(QUESTDB_ERROR_CODE_INVALID_ARGUMENT, "a duration is not a number");
        const auto whole = static_cast<std::int64_t>(millis);
        return whole + (static_cast<double>(whole) < millis ? 1 : 0);
    } else {
        if constexpr (sizeof(Rep) == 8 && std::is_unsigned_v<Rep>)
            if (time.count() > static_cast<Rep>(most)) return most;
        const auto count = static_cast<std::int64_t>(time.count());
        if (count > most / in_millis::num) return most;
        if (count < least / in_millis::num) return least;
        const std::int64_t parts = count * in_millis::num;
        return parts / in_millis::den + (parts % in_millis::den > 0 ? 1 : 0);
    }
}

/// Convert between the two units. A result that does not fit is INVALID_TIMESTAMP.
inline std::int64_t micros_to_nanos(std::int64_t micros) {
    constexpr std::int64_t limit = (std::numeric_limits<std::int64_t>::max)() / 1000;
    if (micros > limit || micros < -limit)
        raise(QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, "the timestamp does not fit 64 bits in nanoseconds");
    return micros * 1000;
}
inline std::int64_t nanos_to_micros(std::int64_t nanos) {
    if (nanos % 1000 != 0)
        raise(QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, "the timestamp is finer than the microseconds of its column");
    return nanos / 1000;
}

template <class T>
inline constexpr bool is_time = time_point_of<T>::is || std::is_same_v<T, timestamp_micros> || std::is_same_v<T, timestamp_nanos>;

template <class T>
auto to_time(const T &when) {
    if constexpr (time_point_of<T>::is) return to_timestamp(when);
    else return when;
}

template <class T>
inline constexpr bool is_character = std::is_same_v<T, char> || std::is_same_v<T, wchar_t> ||
#ifdef __cpp_char8_t
                                     std::is_same_v<T, char8_t> ||
#endif
                                     std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t>;

template <class T>
inline constexpr bool is_integer = std::is_integral_v<T> && !std::is_same_v<T, bool> && !is_character<T> &&
                                   (std::is_signed_v<T> ? sizeof(T) <= 8 : sizeof(T) < 8);

template <class T>
inline constexpr bool is_value = std::is_same_v<T, bool> || is_integer<T> || std::is_same_v<T, float> ||
                                 std::is_same_v<T, double> || is_any_text<T> || is_time<T> || is_array<T> ||
                                 is_decimal<T> || own_decimal<T>::value;

/// Fails to compile for a type that cannot be a column, with a message that says what to do instead.
template <class T>
constexpr void require_value() {
    if constexpr (!is_value<T>) {
        static_assert(!optional_value<T>::is, "a std::optional of a std::optional: unwrap one of them");
        static_assert(!std::is_null_pointer_v<T>, "nullptr is no value: leave the column out, or pass an empty std::optional");
        static_assert(!is_character<T>, "a character is no column value: pass text, or cast it to an integer");
        static_assert(!std::is_integral_v<T> || is_character<T>,
                      "this integer type does not fit 64 bits with a sign: check the range and cast to std::int64_t, or use questdb::decimal_text");
        static_assert(!std::is_same_v<T, long double>, "long double does not fit a QuestDB DOUBLE: cast it to double");
        static_assert(!std::is_enum_v<T>, "an enumeration is no column value: cast it to an integer, or pass its name as a symbol");
        static_assert(!is_duration<T>::value,
                      "a duration is no point in time: pass a time point, or its count() as an integer");
        static_assert(!std::is_pointer_v<T>, "a pointer is no column value: pass what it points to");
        static_assert(!holds_doubles<T>,
                      "this type may have more than one dimension: give it to_questdb_array, or pass a questdb::array_view with its shape");
        static_assert((!has_elements<T>::value || holds_doubles<T>) && dense<T>::dims == 0,
                      "arrays hold doubles in one piece of memory: convert it to std::vector<double> and give the shape with questdb::array_view");
        static_assert(std::is_null_pointer_v<T> || is_character<T> || std::is_arithmetic_v<T> || std::is_enum_v<T> ||
                          is_duration<T>::value || std::is_pointer_v<T> || has_elements<T>::value || dense<T>::dims != 0 ||
                          optional_value<T>::is,
                      "this type is no column value: convert it to bool, an integer, double, text, a time point or an array, or give it to_questdb_decimal");
    }
}

}  // namespace detail

/// A table name that was checked once, so that using it costs no more than copying its bytes.
class table_name {
  public:
    explicit table_name(std::string_view name) {
        ::questdb_table_name *made = nullptr;
        detail::throw_if(::questdb_table_name_new(name.data(), name.size(), &made));
        handle_.reset(made);
    }
    const ::questdb_table_name *c_handle() const noexcept { return handle_.get(); }

  private:
    detail::handle<::questdb_table_name, ::questdb_table_name_free> handle_;
};

/// A column or symbol name that was checked once, so that using it costs no more than copying its bytes.
class column_name {
  public:
    explicit column_name(std::string_view name) {
        ::questdb_column_name *made = nullptr;
        detail::throw_if(::questdb_column_name_new(name.data(), name.size(), &made));
        handle_.reset(made);
    }
    const ::questdb_column_name *c_handle() const noexcept { return handle_.get(); }

  private:
    detail::handle<::questdb_column_name, ::questdb_column_name_free> handle_;
};

/// `static const auto price = "price"_column;` checks a name once; `"12.50"_decimal` is a decimal.
namespace literals {
inline table_name operator""_table(const char *text, std::size_t size) { return table_name{{text, size}}; }
inline column_name operator""_column(const char *text, std::size_t size) { return column_name{{text, size}}; }
constexpr decimal_text operator""_decimal(const char *text, std::size_t size) noexcept {
    return decimal_text{std::string_view{text, size}};
}
}  // namespace literals

namespace detail {

/// Calls `named` for a checked name, otherwise `plain` for text.
template <class Plain, class Named, class Name, class... Rest>
void put(Plain plain, Named named, ::questdb_buffer *to, const Name &name, Rest... rest) {
    if constexpr (std::is_same_v<Name, column_name>) {
        throw_if(named(to, name.c_handle(), rest...));
    } else {
        static_assert(is_any_text<Name>, "a column name is text or a questdb::column_name");
        if constexpr (is_any_text<Name>) {
            const std::string_view text = to_text(name);
            throw_if(plain(to, text.data(), text.size(), rest...));
        }
    }
}

template <class Name>
void put_table(::questdb_buffer *to, const Name &name) {
    if constexpr (std::is_same_v<Name, table_name>) {
        throw_if(::questdb_buffer_table_named(to, name.c_handle()));
    } else {
        static_assert(is_any_text<Name>, "a table name is text or a questdb::table_name");
        if constexpr (is_any_text<Name>) {
            const std::string_view text = to_text(name);
            throw_if(::questdb_buffer_table(to, text.data(), text.size()));
        }
    }
}

template <class Name, class T>
void put_symbol(::questdb_buffer *to, const Name &name, const T &value) {
    if constexpr (optional_value<T>::is) {
        if (value.has_value()) put_symbol(to, name, *value);
    } else {
        static_assert(is_any_text<T>, "a symbol is text: use std::to_string, or make it a column");
        if constexpr (is_any_text<T>) {
            const std::string_view text = to_text(value);
            put(::questdb_buffer_symbol, ::questdb_buffer_symbol_named, to, name, text.data(), text.size());
        }
    }
}

template <class Name, class T>
void put_decimal(::questdb_buffer *to, const Name &name, const T &value) {
    if constexpr (std::is_same_v<T, decimal_text>) {
        put(::questdb_buffer_column_dec_str, ::questdb_buffer_column_dec_str_named, to, name, value.text.data(),
            value.text.size());
    } else if constexpr (std::is_same_v<T, decimal>) {
        put(::questdb_buffer_column_dec_i64, ::questdb_buffer_column_dec_i64_named, to, name, value.scale, value.unscaled);
    } else if constexpr (std::is_same_v<T, decimal_i128>) {
        put(::questdb_buffer_column_dec_i128, ::questdb_buffer_column_dec_i128_named, to, name, value.scale, value.high,
            value.low);
    } else {
        put(::questdb_buffer_column_dec, ::questdb_buffer_column_dec_named, to, name, value.scale, value.unscaled.data(),
            value.unscaled.size());
    }
}

template <class Name, class T>
void put_column(::questdb_buffer *to, const Name &name, const T &value) {
    if constexpr (optional_value<T>::is) {
        if (value.has_value()) put_column(to, name, *value);
        else require_value<typename T::value_type>();
    } else if constexpr (std::is_same_v<T, bool>) {
        put(::questdb_buffer_column_bool, ::questdb_buffer_column_bool_named, to, name, value);
    } else if constexpr (is_integer<T>) {
        put(::questdb_buffer_column_i64, ::questdb_buffer_column_i64_named, to, name, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
        put(::questdb_buffer_column_f64, ::questdb_buffer_column_f64_named, to, name, static_cast<double>(value));
    } else if constexpr (is_any_text<T>) {
        const std::string_view text = to_text(value);
        put(::questdb_buffer_column_str, ::questdb_buffer_column_str_named, to, name, text.data(), text.size());
    } else if constexpr (is_time<T>) {
        const auto when = to_time(value);
        if constexpr (std::is_same_v<decltype(when), const timestamp_micros>)
            put(::questdb_buffer_column_ts_micros, ::questdb_buffer_column_ts_micros_named, to, name, when.count);
        else
            put(::questdb_buffer_column_ts_nanos, ::questdb_buffer_column_ts_nanos_named, to, name, when.count);
    } else if constexpr (is_decimal<T>) {
        put_decimal(to, name, value);
    } else if constexpr (own_decimal<T>::value) {
        put_decimal(to, name, to_questdb_decimal(value));
    } else if constexpr (is_array<T>) {
        const auto view = to_array(value);
        const ::questdb_array array = view.c_array();
        put(::questdb_buffer_column_f64_arr, ::questdb_buffer_column_f64_arr_named, to, name, &array);
    } else {
        require_value<T>();
    }
}

/// Ends a row with one of two functions, depending on the unit of the timestamp.
template <class Handle, class Nanos, class Micros, class T>
::questdb_error *try_at(Nanos nanos, Micros micros, Handle *to, const T &when) {
    if constexpr (is_time<T>) {
        const auto timestamp = to_time(when);
        if constexpr (std::is_same_v<decltype(timestamp), const timestamp_micros>) return micros(to, timestamp.count);
        else return nanos(to, timestamp.count);
    } else {
        static_assert(!std::is_arithmetic_v<T>,
                      "a bare number has no unit: use questdb::timestamp_nanos, questdb::timestamp_micros or a time point");
        static_assert(std::is_arithmetic_v<T>,
                      "this is no point in time: use a std::chrono::system_clock time point, questdb::timestamp_nanos or questdb::timestamp_micros");
        return nullptr;
    }
}

/// The functions that append columns, for everything that builds rows.
template <class Self>
class columns {
  public:
    /// Appends a symbol to the open row. Symbols must come before all other columns.
    template <class Name, class T>
    Self &symbol(const Name &name, const T &value) {
        put_symbol(self().c_buffer(), name, value);
        return self();
    }
    /// Appends a column to the open row. Its type follows from the type of the value.
    template <class Name, class T>
    Self &column(const Name &name, const T &value) {
        put_column(self().c_buffer(), name, value);
        return self();
    }

  private:
    Self &self() noexcept { return static_cast<Self &>(*this); }
};

}  // namespace detail

// --- prepared rows ---------------------------------------------------------------------------------------------------

namespace detail {

/// A value that is kept in the form that a cell points to. Text is not copied.
template <class T, class = void>
struct kept {
    static_assert(never<T>, "unreachable: see require_value");
};

template <class T>
struct kept<T, std::enable_if_t<std::is_same_v<T, bool> || is_integer<T>>> {
    explicit kept(const T &value) noexcept : number(static_cast<std::int64_t>(value)) {}
    ::questdb_cell cell() const noexcept {
        ::questdb_cell made{};
        made.kind = std::is_same_v<T, bool> ? QUESTDB_CELL_KIND_BOOL : QUESTDB_CELL_KIND_I64;
        made.value.i64 = number;
        return made;
    }
    std::int64_t number;
};

template <class T>
struct kept<T, std::enable_if_t<std::is_floating_point_v<T>>> {
    explicit kept(const T &value) noexcept : number(static_cast<double>(value)) {}
    ::questdb_cell cell() const noexcept {
        ::questdb_cell made{};
        made.kind = QUESTDB_CELL_KIND_F64;
        made.value.f64 = number;
        return made;
    }
    double number;
};

inline ::questdb_cell pointing(std::uint32_t kind, const void *at, std::size_t len, std::uint32_t scale = 0) noexcept {
    ::questdb_cell made{};
    made.kind = kind;
    made.scale = scale;
    made.value.ptr = at;
    made.len = len;
    return made;
}

template <class T>
struct kept<T, std::enable_if_t<is_any_text<T>>> {
    explicit kept(const T &value) noexcept : text(to_text(value)) {}
    ::questdb_cell cell() const noexcept { return pointing(QUESTDB_CELL_KIND_TEXT, text.data(), text.size()); }
    std::string_view text;
};

/// A cell does not say its unit, so the value is converted to the unit of its column.
template <class T>
struct kept<T, std::enable_if_t<is_time<T>>> {
    explicit kept(const T &value) : number(to_time(value).count) {}
    void fit(column_kind kind) {
        constexpr bool micros = std::is_same_v<decltype(to_time(std::declval<const T &>())), timestamp_micros>;
        if (kind == (micros ? QUESTDB_COLUMN_KIND_TS_MICROS : QUESTDB_COLUMN_KIND_TS_NANOS)) return;
        if (kind != (micros ? QUESTDB_COLUMN_KIND_TS_NANOS : QUESTDB_COLUMN_KIND_TS_MICROS))
            raise(QUESTDB_ERROR_CODE_INVALID_ARGUMENT, "a point in time for a column that is no timestamp");
        number = micros ? micros_to_nanos(number) : nanos_to_micros(number);
    }
    ::questdb_cell cell() const noexcept {
        ::questdb_cell made{};
        made.kind = QUESTDB_CELL_KIND_I64;
        made.value.i64 = number;
        return made;
    }
    std::int64_t number;
};

template <class T>
struct kept<T, std::enable_if_t<is_array<T> && !is_any_text<T>>> {
    explicit kept(const T &value) noexcept : view(to_array(value)) {}
    ::questdb_cell cell() const noexcept {
        array = view.c_array();
        return pointing(QUESTDB_CELL_KIND_ARRAY, &array, 0);
    }
    decltype(to_array(std::declval<const T &>())) view;
    mutable ::questdb_array array{};
};

template <class T>
struct kept<T, std::enable_if_t<is_decimal<T>>> {
    explicit kept(const T &given) noexcept : value(given) {
        if constexpr (std::is_same_v<T, decimal>) store(given.unscaled < 0 ? ~std::uint64_t{0} : 0, static_cast<std::uint64_t>(given.unscaled));
        else if constexpr (std::is_same_v<T, decimal_i128>) store(static_cast<std::uint64_t>(given.high), given.low);
    }
    ::questdb_cell cell() const noexcept {
        if constexpr (std::is_same_v<T, decimal_text>)
            return pointing(QUESTDB_CELL_KIND_TEXT, value.text.data(), value.text.size());
        else if constexpr (std::is_same_v<T, decimal_bytes>)
            return pointing(QUESTDB_CELL_KIND_DECIMAL, value.unscaled.data(), value.unscaled.size(), value.scale);
        else
            return pointing(QUESTDB_CELL_KIND_DECIMAL, bytes.data() + first, bytes.size() - first, value.scale);
    }
    /// Stores a big-endian integer without the leading bytes that only repeat the sign.
    void store(std::uint64_t high, std::uint64_t low) noexcept {
        for (std::size_t i = 0; i < 8; ++i) {
            bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
            bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
        }
        const std::uint8_t sign = bytes[0] < 0x80 ? 0 : 0xff;
        while (first < 15 && bytes[first] == sign && (bytes[first + 1] & 0x80) == (sign & 0x80)) ++first;
    }
    T value;
    std::array<std::uint8_t, 16> bytes{};
    std::size_t first = 0;
};

template <class T>
struct kept<T, std::enable_if_t<own_decimal<T>::value && !is_any_text<T> && !is_array<T> && !is_decimal<T>>> {
    explicit kept(const T &given) : decimal(to_questdb_decimal(given)) {}
    ::questdb_cell cell() const noexcept { return decimal.cell(); }
    kept<bare<decltype(to_questdb_decimal(std::declval<const T &>()))>> decimal;
};

template <class T>
struct kept<std::optional<T>> {
    explicit kept(const std::optional<T> &given) {
        if (given.has_value()) value.emplace(*given);
    }
    void fit(column_kind kind) {
        if constexpr (is_time<T>)
            if (value) value->fit(kind);
    }
    ::questdb_cell cell() const noexcept { return value ? value->cell() : ::questdb_cell{}; }
    std::optional<kept<T>> value;
};

template <class Kept, class = void>
struct has_unit : std::false_type {};
template <class Kept>
struct has_unit<Kept, std::void_t<decltype(std::declval<Kept &>().fit(column_kind{}))>> : std::true_type {};

template <class T>
constexpr bool require_cell() {
    if constexpr (optional_value<T>::is) require_value<typename T::value_type>();
    else require_value<T>();
    return true;
}

}  // namespace detail

/// The values of one row of a layout, ready to be appended any number of times. It borrows text, arrays and bytes: these must
/// live, and must not move, until the row has been appended.
template <class... T>
class prepared_row {
  public:
    std::array<::questdb_cell, sizeof...(T)> cells() const noexcept {
        return std::apply([](const auto &...kept) { return std::array<::questdb_cell, sizeof...(T)>{kept.cell()...}; }, values_);
    }
    /// Returns the designated timestamp in the unit of the layout.
    std::int64_t at() const noexcept { return at_; }
    /// Returns whether that layout made this row. Another layout may count time in another unit.
    bool is_of(const row_layout &layout) const noexcept;

  private:
    friend class row_layout;
    prepared_row(const row_layout &layout, std::int64_t at, const T &...values);
    template <std::size_t... Index>
    void fit(const std::vector<column_kind> &kinds, std::index_sequence<Index...>) {
        (fit_one(std::get<Index>(values_), kinds, Index), ...);
    }
    /// Converts a value to the unit of its column. A value too many is left as it is: the library counts the values and reports
    /// it.
    template <class Kept>
    static void fit_one(Kept &value, const std::vector<column_kind> &kinds, std::size_t at) {
        if constexpr (detail::has_unit<Kept>::value) {
            if (at < kinds.size()) value.fit(kinds[at]);
        } else {
            static_cast<void>(value), static_cast<void>(kinds), static_cast<void>(at);
        }
    }

    const ::questdb_row_layout *layout_;
    std::int64_t at_;
    std::tuple<detail::kept<T>...> values_;
};

/// The type of `server_time`, which stands in place of a timestamp where the server sets it.
struct server_time_t {
    explicit server_time_t() = default;
};
inline constexpr server_time_t server_time{};

/// A table and its columns, described once, so that one call appends a whole row.
///
/// `row_layout{"trades"}.add("symbol", QUESTDB_COLUMN_KIND_SYMBOL).add<double>("price")`
class row_layout {
  public:
    explicit row_layout(std::string_view table, stamp how = QUESTDB_STAMP_NANOS) : stamp_(how) {
        ::questdb_row_layout *made = nullptr;
        detail::throw_if(::questdb_row_layout_new(table.data(), table.size(), how, &made));
        handle_.reset(made);
    }
    /// Adds a column. Values are given in the order in which the columns were added.
    row_layout &add(std::string_view name, column_kind kind) & {
        kinds_.reserve(kinds_.size() + 1);  // comes first, so that nothing can fail after the column was added
        detail::throw_if(::questdb_row_layout_add(handle_.get(), name.data(), name.size(), kind));
        kinds_.push_back(kind);
        return *this;
    }
    row_layout &&add(std::string_view name, column_kind kind) && { return std::move(add(name, kind)); }
    /// Adds a column for values of type `T`.
    template <class T>
    row_layout &add(std::string_view name) & {
        return add(name, kind_of<T>());
    }
    template <class T>
    row_layout &&add(std::string_view name) && {
        return std::move(add(name, kind_of<T>()));
    }
    std::size_t column_count() const noexcept { return ::questdb_row_layout_column_count(handle_.get()); }

    /// Makes a row from its designated timestamp, or `server_time`, and a value for each column.
    template <class At, class... T>
    prepared_row<T...> row(const At &when, const T &...values) const {
        static_cast<void>((detail::require_cell<T>() && ...));
        return prepared_row<T...>{*this, at(when), values...};
    }

    /// Returns a timestamp in the unit of this layout. One that does not fit is INVALID_TIMESTAMP.
    template <class At>
    std::int64_t at(const At &when) const {
        if constexpr (std::is_same_v<At, server_time_t>) {
            if (stamp_ != QUESTDB_STAMP_NOW)
                detail::raise(QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, "rows of this layout need a timestamp of their own");
            return 0;
        } else {
            static_assert(detail::is_time<At>,
                          "the first value of a row is its point in time: a std::chrono::system_clock time point, questdb::timestamp_nanos, questdb::timestamp_micros or questdb::server_time");
            if constexpr (detail::is_time<At>) return convert(detail::to_time(when));
            else return 0;
        }
    }

    const ::questdb_row_layout *c_handle() const noexcept { return handle_.get(); }

  private:
    template <class T>
    static constexpr column_kind kind_of() {
        detail::require_cell<T>();
        if constexpr (detail::optional_value<T>::is) return kind_of<typename T::value_type>();
        else if constexpr (std::is_same_v<T, bool>) return QUESTDB_COLUMN_KIND_BOOL;
        else if constexpr (detail::is_integer<T>) return QUESTDB_COLUMN_KIND_I64;
        else if constexpr (std::is_floating_point_v<T>) return QUESTDB_COLUMN_KIND_F64;
        else if constexpr (detail::is_any_text<T>) return QUESTDB_COLUMN_KIND_STR;
        else if constexpr (detail::is_time<T>)
            return std::is_same_v<decltype(detail::to_time(std::declval<const T &>())), timestamp_micros>
                       ? QUESTDB_COLUMN_KIND_TS_MICROS
                       : QUESTDB_COLUMN_KIND_TS_NANOS;
        else if constexpr (detail::is_decimal<T> || detail::own_decimal<T>::value) return QUESTDB_COLUMN_KIND_DECIMAL;
        else return QUESTDB_COLUMN_KIND_F64_ARRAY;
    }
    std::int64_t convert(timestamp_nanos when) const {
        need_stamp();
        return stamp_ == QUESTDB_STAMP_NANOS ? when.count : detail::nanos_to_micros(when.count);
    }
    std::int64_t convert(timestamp_micros when) const {
        need_stamp();
        return stamp_ == QUESTDB_STAMP_MICROS ? when.count : detail::micros_to_nanos(when.count);
    }
    void need_stamp() const {
        if (stamp_ == QUESTDB_STAMP_NOW)
            detail::raise(QUESTDB_ERROR_CODE_INVALID_TIMESTAMP, "the rows of this layout are stamped by the server's clock");
    }

    template <class... T>
    friend class prepared_row;

    detail::handle<::questdb_row_layout, ::questdb_row_layout_free> handle_;
    stamp stamp_;  // the unit in which rows give their designated timestamps
    std::vector<column_kind> kinds_;  // they say in which unit each timestamp column counts
};

template <class... T>
prepared_row<T...>::prepared_row(const row_layout &layout, std::int64_t at, const T &...values)
    : layout_(layout.c_handle()), at_(at), values_(values...) {
    fit(layout.kinds_, std::index_sequence_for<T...>{});
}
template <class... T>
bool prepared_row<T...>::is_of(const row_layout &layout) const noexcept {
    return layout_ == layout.c_handle();
}

/// A column of a batch of Apache Arrow: the first one of a name, or the one at a position, counted from 0.
class arrow_column {
  public:
    template <class T, std::enable_if_t<detail::is_text<T>, int> = 0>
    arrow_column(const T &name) : name_(std::string_view{name}), position_{0} {}
    template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
    arrow_column(T position) : position_{static_cast<std::size_t>(position)} {}

  private:
    friend class arrow_options;
    template <class Choose>
    void pass(Choose choose, ::questdb_arrow_options *to) const {
        // An empty name is a name too, so it must not be NULL.
        const std::string_view name = name_.value_or(std::string_view{});
        const char *const text = name_ && name.data() == nullptr ? "" : name.data();
        detail::throw_if(choose(to, name_ ? text : nullptr, name.size(), position_));
    }
    std::optional<std::string_view> name_;
    std::size_t position_;
};

/// What the columns of a batch of Apache Arrow are to QuestDB. A table and a timestamp have to be chosen.
///
/// `arrow_options{}.table("trades").at_column("time")`
class arrow_options {
  public:
    arrow_options() {
        ::questdb_arrow_options *made = nullptr;
        detail::throw_if(::questdb_arrow_options_new(&made));
        handle_.reset(made);
    }
    /// Sends all rows to one table.
    arrow_options &table(std::string_view name) & {
        detail::throw_if(::questdb_arrow_options_table(handle_.get(), name.data(), name.size()));
        return *this;
    }
    arrow_options &&table(std::string_view name) && { return std::move(table(name)); }
    /// Sends each row to the table that the column names; the column itself is not sent.
    arrow_options &table_column(const arrow_column &column) & { return choose(::questdb_arrow_options_table_column, column); }
    arrow_options &&table_column(const arrow_column &column) && { return std::move(table_column(column)); }
    /// Chooses which texts become symbols; without this call the dictionaries do.
    arrow_options &symbols(::questdb_arrow_symbols which) & {
        detail::throw_if(::questdb_arrow_options_symbols(handle_.get(), which));
        return *this;
    }
    arrow_options &&symbols(::questdb_arrow_symbols which) && { return std::move(symbols(which)); }
    /// Adds a column to those that become symbols; columns that were not added no longer do.
    arrow_options &symbol_column(const arrow_column &column) & { return choose(::questdb_arrow_options_symbol_column, column); }
    arrow_options &&symbol_column(const arrow_column &column) && { return std::move(symbol_column(column)); }
    /// Takes the designated timestamps from the column, which itself is not sent.
    arrow_options &at_column(const arrow_column &column) & { return choose(::questdb_arrow_options_at_column, column); }
    arrow_options &&at_column(const arrow_column &column) && { return std::move(at_column(column)); }
    /// Gives all rows the same designated timestamp: anything that a row ends with, or `server_time`.
    template <class T>
    arrow_options &at(const T &when) & {
        if constexpr (std::is_same_v<T, server_time_t>) {
            static_cast<void>(when);
            return stamp_all(QUESTDB_STAMP_NOW, 0);
        } else {
            const auto time = detail::to_time(when);
            return stamp_all(std::is_same_v<decltype(time), const timestamp_micros> ? QUESTDB_STAMP_MICROS : QUESTDB_STAMP_NANOS, time.count);
        }
    }
    template <class T>
    arrow_options &&at(const T &when) && { return std::move(at(when)); }
    const ::questdb_arrow_options *c_handle() const noexcept { return handle_.get(); }

  private:
    template <class Choose>
    arrow_options &choose(Choose function, const arrow_column &column) {
        column.pass(function, handle_.get());
        return *this;
    }
    arrow_options &stamp_all(::questdb_stamp how, std::int64_t count) {
        detail::throw_if(::questdb_arrow_options_at(handle_.get(), how, count));
        return *this;
    }
    detail::handle<::questdb_arrow_options, ::questdb_arrow_options_free> handle_;
};

/// The values of one column, one per row, in memory that it does not own.
class column_data {
  public:
    column_data(slice<const double> values) noexcept : column_data(QUESTDB_VALUES_KIND_F64, values.data(), values.size()) {}
    column_data(slice<const std::int64_t> values) noexcept
        : column_data(QUESTDB_VALUES_KIND_I64, values.data(), values.size()) {}
    column_data(slice<const ::questdb_array> values) noexcept
        : column_data(QUESTDB_VALUES_KIND_ARRAYS, values.data(), values.size()) {}
    /// Booleans, one byte each.
    static column_data bools(slice<const std::uint8_t> bytes) noexcept {
        return {QUESTDB_VALUES_KIND_BYTES, bytes.data(), bytes.size()};
    }
    /// Booleans, one bit each, the lowest bit of each byte first.
    static column_data bits(const std::uint8_t *bits, std::size_t rows, std::size_t first_bit = 0) noexcept {
        column_data made{QUESTDB_VALUES_KIND_BITS, bits, rows};
        made.data_.first_bit = first_bit;
        return made;
    }
    /// Texts: text `i` is `text[offsets[i] .. offsets[i + 1]]`, so there is one offset more than there are rows.
    template <class Offsets>
    static column_data texts(const Offsets &offsets, std::string_view text) noexcept {
        column_data made{QUESTDB_VALUES_KIND_TEXT, nullptr, std::size(offsets) == 0 ? 0 : std::size(offsets) - 1};
        made.point_at(std::data(offsets), text);
        return made;
    }
    /// Texts from a dictionary: row `i` has the text with number `codes[i]`. The texts of the dictionary are given as in
    /// `texts`.
    template <class Codes, class Offsets>
    static column_data dictionary(const Codes &codes, const Offsets &offsets, std::string_view text) noexcept {
        using code = detail::bare<decltype(*std::data(codes))>;
        static_assert(std::is_integral_v<code> && sizeof(code) <= 8, "codes are integers of 1, 2, 4 or 8 bytes");
        column_data made{QUESTDB_VALUES_KIND_DICTIONARY, std::data(codes), std::size(codes)};
        made.data_.width = sizeof(code);
        made.data_.dictionary_len = std::size(offsets) == 0 ? 0 : std::size(offsets) - 1;
        made.point_at(std::data(offsets), text);
        return made;
    }
    /// Decimals: big-endian two's complement integers of `width` bytes, divided by 10^scale.
    static column_data decimals(slice<const std::uint8_t> bytes, std::uint32_t width, std::uint32_t scale) noexcept {
        column_data made{QUESTDB_VALUES_KIND_DECIMALS, bytes.data(), width == 0 ? 0 : bytes.size() / width};
        made.data_.width = width;
        made.data_.scale = scale;
        return made;
    }
    /// Says which rows have a value: one bit per row, the lowest bit of each byte first, set if there is a value.
    column_data validity(const std::uint8_t *bits, std::size_t first_bit = 0) const noexcept {
        column_data made = *this;
        made.data_.validity = bits;
        made.data_.validity_first_bit = first_bit;
        return made;
    }

    std::size_t rows() const noexcept { return rows_; }
    const ::questdb_column_data &c_data() const noexcept { return data_; }

  private:
    column_data(std::uint32_t kind, const void *values, std::size_t rows) noexcept : rows_(rows) {
        data_.kind = kind;
        data_.values = values;
    }
    template <class Offset>
    void point_at(const Offset *offsets, std::string_view text) noexcept {
        static_assert(std::is_integral_v<Offset> && (sizeof(Offset) == 4 || sizeof(Offset) == 8),
                      "offsets are integers of 4 or 8 bytes");
        data_.offset_width = sizeof(Offset);
        data_.offsets = offsets;
        data_.text = reinterpret_cast<const std::uint8_t *>(text.data());
        data_.text_len = text.size();
    }

    ::questdb_column_data data_{};
    std::size_t rows_;
};

namespace detail {

template <class Append, class Handle, class... T>
void append_row(Append append, Handle *to, const row_layout &layout, const prepared_row<T...> &row) {
    if (!row.is_of(layout)) raise(QUESTDB_ERROR_CODE_INVALID_ARGUMENT, "the row was prepared by another layout");
    const auto cells = row.cells();
    throw_if(append(to, layout.c_handle(), cells.data(), cells.size(), row.at()));
}

template <class Append, class Handle, class... Columns>
void append_columns(Append append, Handle *to, const row_layout &layout, std::size_t rows, const std::int64_t *at,
                    const Columns &...columns) {
    const std::array<column_data, sizeof...(Columns)> all{column_data(columns)...};
    std::array<::questdb_column_data, sizeof...(Columns)> data;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].rows() != rows) raise(QUESTDB_ERROR_CODE_INVALID_ARGUMENT, "the columns differ in length");
        data[i] = all[i].c_data();
    }
    throw_if(append(to, layout.c_handle(), rows, data.data(), data.size(), at));
}

}  // namespace detail

/// A row from its table to its `at`, in the buffer of a sender (`sender::table`, `transaction::new_row`) or in a buffer
/// (`buffer::new_row`). If it is destroyed before it was ended it drops itself, and no other row. It must not outlive its
/// sender or buffer.
class [[nodiscard]] row {
  public:
    /// Takes over the open row of a buffer. If there is no sender, ending the row does not flush.
    row(::questdb_sender *of, ::questdb_buffer *open) noexcept : sender_(of), open_(open) {}
    row(row &&other) noexcept : sender_(other.sender_), open_(std::exchange(other.open_, nullptr)) {}
    row &operator=(row &&other) noexcept {
        if (this != &other) {
            drop();
            sender_ = other.sender_;
            open_ = std::exchange(other.open_, nullptr);
        }
        return *this;
    }
    ~row() { drop(); }

    /// Appends a symbol. Symbols must come before all other columns.
    template <class Name, class T>
    row &symbol(const Name &name, const T &value) & {
        detail::put_symbol(c_buffer(), name, value);
        return *this;
    }
    template <class Name, class T>
    [[nodiscard]] row &&symbol(const Name &name, const T &value) && {
        return std::move(symbol(name, value));
    }
    /// Appends a column. Its type follows from the type of the value.
    template <class Name, class T>
    row &column(const Name &name, const T &value) & {
        detail::put_column(c_buffer(), name, value);
        return *this;
    }
    template <class Name, class T>
    [[nodiscard]] row &&column(const Name &name, const T &value) && {
        return std::move(column(name, value));
    }
    /// Ends the row with its designated timestamp. The row of a sender then flushes if an `auto_flush_*` limit is reached. If
    /// this throws, the row is still open, unless `error::row_accepted` says that it is in the buffer.
    template <class T>
    void at(const T &when) {
        ::questdb_buffer *const open = c_buffer();
        ended(sender_ != nullptr ? detail::try_at(::questdb_sender_at_nanos, ::questdb_sender_at_micros, sender_, when)
                                 : detail::try_at(::questdb_buffer_at_nanos, ::questdb_buffer_at_micros, open, when));
    }
    /// Like `at`, but leaves the timestamp to the server. Deduplication cannot recognise such rows.
    void at_now() {
        ::questdb_buffer *const open = c_buffer();
        ended(sender_ != nullptr ? ::questdb_sender_at_now(sender_) : ::questdb_buffer_at_now(open));
    }
    /// Drops the row now. A row that has ended stays.
    void drop() noexcept {
        if (open_ != nullptr) ::questdb_error_free(::questdb_buffer_drop_row(std::exchange(open_, nullptr)));
    }
    /// Returns whether the row has not been ended yet.
    bool is_open() const noexcept { return open_ != nullptr; }
    ::questdb_buffer *c_buffer() const {
        if (open_ == nullptr) detail::raise(QUESTDB_ERROR_CODE_INVALID_STATE, "this row has ended, was dropped or was moved from");
        return open_;
    }

  private:
    void ended(::questdb_error *failed) {
        if (failed == nullptr || ::questdb_error_row_accepted(failed)) open_ = nullptr;
        detail::throw_if(failed);
    }
    ::questdb_sender *sender_;
    ::questdb_buffer *open_;
};

namespace detail {

/// The functions that every buffer has, whether it is your own or a sender's.
template <class Self>
class buffer_calls : public columns<Self> {
  public:
    /// Begins a row that drops itself unless it is ended.
    template <class Name>
    [[nodiscard]] ::questdb::row new_row(const Name &name) {
        put_table(c(), name);
        return {nullptr, c()};
    }
    /// Begins a row of a table in the buffer itself, where it stays open until `at`, `at_now` or `drop_row`.
    template <class Name>
    Self &table(const Name &name) {
        put_table(c(), name);
        return self();
    }
    /// Ends the open row with its designated timestamp, which must not be before 1970.
    template <class T>
    Self &at(const T &when) {
        throw_if(try_at(::questdb_buffer_at_nanos, ::questdb_buffer_at_micros, c(), when));
        return self();
    }
    /// Ends the open row and leaves its timestamp to the server. Deduplication cannot recognise such rows.
    Self &at_now() {
        throw_if(::questdb_buffer_at_now(c()));
        return self();
    }
    /// Appends a whole row: its designated timestamp, or `server_time`, then a value for each column of the layout.
    template <class At, class... T>
    Self &append(const row_layout &layout, const At &when, const T &...values) {
        append_row(::questdb_buffer_append_row, c(), layout, layout.row(when, values...));
        return self();
    }
    template <class... T>
    Self &append(const row_layout &layout, const prepared_row<T...> &row) {
        append_row(::questdb_buffer_append_row, c(), layout, row);
        return self();
    }
    /// Appends many rows, with a column of values for each column of the layout: all rows or none. `at` is in the unit of the
    /// layout.
    template <class... Columns>
    Self &append_columns(const row_layout &layout, slice<const std::int64_t> at, const Columns &...columns) {
        detail::append_columns(::questdb_buffer_append_columns, c(), layout, at.size(), at.data(), columns...);
        return self();
    }
    /// Appends a batch of Apache Arrow: all rows or none. The array is taken, also if this throws; the schema is only read.
    Self &append_arrow(::ArrowArray &array, const ::ArrowSchema &schema, const arrow_options &options) {
        throw_if(::questdb_buffer_arrow(c(), &array, &schema, options.c_handle()));
        return self();
    }
    /// Appends all batches of a stream: all rows or none. The stream is taken, also if this throws.
    Self &append_arrow(::ArrowArrayStream &stream, const arrow_options &options) {
        throw_if(::questdb_buffer_arrow_stream(c(), &stream, options.c_handle()));
        return self();
    }
    /// Drops the open row, if there is one, and nothing else.
    void drop_row() { throw_if(::questdb_buffer_drop_row(c())); }
    bool is_row_open() const noexcept { return ::questdb_buffer_is_row_open(c()); }
    /// Removes complete rows by their number, which counts from 1 like `error::server_line`, so that the other rows can be sent
    /// after a refusal. An open row stays. Later rows move up.
    void remove_rows(std::size_t first, std::size_t count = 1) { throw_if(::questdb_buffer_remove_rows(c(), first, count)); }
    void reserve(std::size_t additional) { throw_if(::questdb_buffer_reserve(c(), additional)); }
    /// Remembers the present end of the buffer, between two rows.
    void set_marker() { throw_if(::questdb_buffer_set_marker(c())); }
    /// Drops the marker and everything after it, including an open row.
    void rewind_to_marker() { throw_if(::questdb_buffer_rewind_to_marker(c())); }
    void clear_marker() { throw_if(::questdb_buffer_clear_marker(c())); }
    /// Drops all rows, including an open row, and the marker. Keeps the memory.
    void clear() { throw_if(::questdb_buffer_clear(c())); }
    /// Throws INVALID_STATE while a row is open.
    void check_flushable() const { throw_if(::questdb_buffer_check_flushable(c())); }
    /// Returns an independent copy.
    [[nodiscard]] buffer clone() const;

    std::size_t size() const noexcept { return ::questdb_buffer_len(c()); }
    bool empty() const noexcept { return size() == 0; }
    std::size_t capacity() const noexcept { return ::questdb_buffer_capacity(c()); }
    std::size_t row_count() const noexcept { return ::questdb_buffer_row_count(c()); }
    /// Returns whether all rows belong to one table, so that the server stores all of them or none.
    bool is_transactional() const noexcept { return ::questdb_buffer_is_transactional(c()); }
    std::uint32_t protocol_version() const noexcept { return ::questdb_buffer_protocol_version(c()); }
    std::size_t max_name_len() const noexcept { return ::questdb_buffer_max_name_len(c()); }
    std::size_t init_buf_size() const noexcept { return ::questdb_buffer_init_buf_size(c()); }
    std::size_t max_buf_size() const noexcept { return ::questdb_buffer_max_buf_size(c()); }
    /// Returns the bytes. They live until the buffer is changed.
    std::string_view peek() const noexcept {
        std::size_t len = 0;
        const std::uint8_t *bytes = ::questdb_buffer_peek(c(), &len);
        return {reinterpret_cast<const char *>(bytes), len};
    }

  private:
    Self &self() noexcept { return static_cast<Self &>(*this); }
    ::questdb_buffer *c() const noexcept { return static_cast<const Self &>(*this).c_buffer(); }
};

}  // namespace detail

/// A buffer in which rows are built. Every call that throws leaves the buffer exactly as it was.
class buffer : public detail::buffer_calls<buffer> {
  public:
    /// Makes a buffer with the default limits of `questdb_buffer_new`.
    explicit buffer(std::uint32_t protocol_version) {
        ::questdb_buffer *made = nullptr;
        detail::throw_if(::questdb_buffer_new(protocol_version, &made));
        handle_.reset(made);
    }
    buffer(std::uint32_t protocol_version, std::size_t max_name_len, std::size_t init_buf_size, std::size_t max_buf_size) {
        ::questdb_buffer *made = nullptr;
        detail::throw_if(::questdb_buffer_with_limits(protocol_version, max_name_len, init_buf_size, max_buf_size, &made));
        handle_.reset(made);
    }
    /// Takes ownership of a buffer of the C interface.
    explicit buffer(::questdb_buffer *owned) noexcept : handle_(owned) {}
    ::questdb_buffer *c_buffer() const noexcept { return handle_.get(); }

  private:
    detail::handle<::questdb_buffer, ::questdb_buffer_free> handle_;
};

template <class Self>
buffer detail::buffer_calls<Self>::clone() const {
    ::questdb_buffer *copy = nullptr;
    throw_if(::questdb_buffer_clone(c(), &copy));
    return buffer{copy};
}

/// A sender's own buffer, which is borrowed and must not outlive the sender. Rows that are ended with functions of this class
/// do not flush automatically; see `sender::table` and `sender::flush_if_due`.
class own_buffer : public detail::buffer_calls<own_buffer> {
  public:
    explicit own_buffer(::questdb_buffer *lent) noexcept : lent_(lent) {}
    ::questdb_buffer *c_buffer() const noexcept { return lent_; }

  private:
    ::questdb_buffer *lent_;
};

enum class protocol { http, https, tcp, tcps };
/// The certificate authorities to trust.
enum class tls_ca { webpki_roots, os_roots, webpki_and_os_roots, pem_file };
/// Whether the server's certificate is checked. `unsafe_off` accepts any certificate from anyone.
enum class tls_verify { on, unsafe_off };
/// Whether an attempt is repeated if it is unknown whether its rows were stored.
enum class delivery { at_least_once, at_most_once };
/// The version of the line protocol. `automatic` asks the server over HTTP; TCP servers cannot be asked.
enum class protocol_version { automatic, v1, v2, v3 };
/// The type of `off`, for limits that can be switched off: `config.auto_flush_rows(questdb::off)`.
struct switched_off {
    explicit switched_off() = default;
};
inline constexpr switched_off off{};

/// Options for a sender: one function for each key of the connection string, or key and value as text. doc/options.md describes
/// them. A duration is rounded up to whole milliseconds. A function that throws changes nothing.
class config {
  public:
    config() {
        ::questdb_config *made = nullptr;
        detail::throw_if(::questdb_config_new(&made));
        handle_.reset(made);
    }
    explicit config(std::string_view conf) {
        ::questdb_config *made = nullptr;
        detail::throw_if(::questdb_config_from_conf(conf.data(), conf.size(), &made));
        handle_.reset(made);
    }
    config(questdb::protocol how, std::string_view addresses) : config() { protocol(how).addr(addresses); }
    /// Reads the connection string in the environment variable `QDB_CLIENT_CONF`.
    [[nodiscard]] static config from_env() {
        ::questdb_config *made = nullptr;
        detail::throw_if(::questdb_config_from_env(&made));
        return config{made};
    }
    /// Returns an independent copy.
    [[nodiscard]] config clone() const {
        ::questdb_config *copy = nullptr;
        detail::throw_if(::questdb_config_clone(handle_.get(), &copy));
        return config{copy};
    }

    config &set(std::string_view key, std::string_view value) {
        detail::throw_if(::questdb_config_set(handle_.get(), key.data(), key.size(), value.data(), value.size()));
        return *this;
    }
    template <class T, class = std::enable_if_t<detail::is_integer<T> || std::is_same_v<T, std::uint64_t>>>
    config &set(std::string_view key, T value) {
        return set(key, std::string_view{std::to_string(value)});
    }
    template <class Rep, class Period>
    config &set(std::string_view key, std::chrono::duration<Rep, Period> time) {
        return set(key, detail::to_millis(time));
    }

    config &protocol(questdb::protocol value) { return choose("protocol", value, {"http", "https", "tcp", "tcps"}); }
    /// Sets `host`, `host:port` or `[v6]:port`, or several of them separated by commas.
    config &addr(std::string_view value) { return set("addr", value); }
    config &bind_interface(std::string_view value) { return set("bind_interface", value); }
    config &username(std::string_view value) { return set("username", value); }
    config &password(std::string_view value) { return set("password", value); }
    config &token(std::string_view value) { return set("token", value); }
    config &token_x(std::string_view value) { return set("token_x", value); }
    config &token_y(std::string_view value) { return set("token_y", value); }
    template <class Rep, class Period>
    config &auth_timeout(std::chrono::duration<Rep, Period> value) {
        return set("auth_timeout", value);
    }
    config &tls_verify(questdb::tls_verify value) { return choose("tls_verify", value, {"on", "unsafe_off"}); }
    config &tls_ca(questdb::tls_ca value) {
        return choose("tls_ca", value, {"webpki_roots", "os_roots", "webpki_and_os_roots", "pem_file"});
    }
    config &tls_roots(std::string_view path) { return set("tls_roots", path); }
    config &tls_cert(std::string_view path) { return set("tls_cert", path); }
    config &tls_key(std::string_view path) { return set("tls_key", path); }
    config &protocol_version(questdb::protocol_version value) {
        return choose("protocol_version", value, {"auto", "1", "2", "3"});
    }
    config &auto_flush(bool on) { return set("auto_flush", on ? "on" : "off"); }
    config &auto_flush_rows(std::uint64_t value) { return set("auto_flush_rows", value); }
    config &auto_flush_rows(switched_off) { return set("auto_flush_rows", "off"); }
    config &auto_flush_bytes(std::uint64_t value) { return set("auto_flush_bytes", value); }
    config &auto_flush_bytes(switched_off) { return set("auto_flush_bytes", "off"); }
    template <class Rep, class Period>
    config &auto_flush_interval(std::chrono::duration<Rep, Period> value) {
        return set("auto_flush_interval", value);
    }
    config &auto_flush_interval(switched_off) { return set("auto_flush_interval", "off"); }
    config &auto_flush_timer(bool on) { return set("auto_flush_timer", on ? "on" : "off"); }
    template <class Rep, class Period>
    config &auto_flush_max_backoff(std::chrono::duration<Rep, Period> value) {
        return set("auto_flush_max_backoff", value);
    }
    config &init_buf_size(std::uint64_t bytes) { return set("init_buf_size", bytes); }
    config &max_buf_size(std::uint64_t bytes) { return set("max_buf_size", bytes); }
    config &max_name_len(std::uint64_t bytes) { return set("max_name_len", bytes); }
    template <class Rep, class Period>
    config &tcp_user_timeout(std::chrono::duration<Rep, Period> value) {
        return set("tcp_user_timeout", value);
    }
    config &tcp_user_timeout(switched_off) { return set("tcp_user_timeout", "off"); }
    template <class Rep, class Period>
    config &keepalive_idle(std::chrono::duration<Rep, Period> value) {
        return set("keepalive_idle", value);
    }
    config &keepalive_idle(switched_off) { return set("keepalive_idle", "off"); }
    template <class Rep, class Period>
    config &keepalive_interval(std::chrono::duration<Rep, Period> value) {
        return set("keepalive_interval", value);
    }
    config &keepalive_count(std::uint64_t probes) { return set("keepalive_count", probes); }
    /// Sets whether the sender connects with its first rows, or with `sender::connect`, instead of when it is made.
    config &lazy_connect(bool on) { return set("lazy_connect", on ? "on" : "off"); }
    template <class Rep, class Period>
    config &connect_timeout(std::chrono::duration<Rep, Period> value) {
        return set("connect_timeout", value);
    }
    template <class Rep, class Period>
    config &send_timeout(std::chrono::duration<Rep, Period> value) {
        return set("send_timeout", value);
    }
    template <class Rep, class Period>
    config &request_timeout(std::chrono::duration<Rep, Period> value) {
        return set("request_timeout", value);
    }
    /// Sets the slowest upload to allow for, in bytes per second.
    config &request_min_throughput(std::uint64_t value) { return set("request_min_throughput", value); }
    template <class Rep, class Period>
    config &retry_timeout(std::chrono::duration<Rep, Period> value) {
        return set("retry_timeout", value);
    }
    template <class Rep, class Period>
    config &retry_max_backoff(std::chrono::duration<Rep, Period> value) {
        return set("retry_max_backoff", value);
    }
    config &delivery(questdb::delivery value) { return choose("delivery", value, {"at_least_once", "at_most_once"}); }
    config &user_agent(std::string_view value) { return set("user_agent", value); }
    config &sender_pool_min(std::uint64_t connections) { return set("sender_pool_min", connections); }
    config &sender_pool_max(std::uint64_t connections) { return set("sender_pool_max", connections); }
    template <class Rep, class Period>
    config &acquire_timeout(std::chrono::duration<Rep, Period> value) {
        return set("acquire_timeout_ms", value);
    }
    template <class Rep, class Period>
    config &idle_timeout(std::chrono::duration<Rep, Period> value) {
        return set("idle_timeout_ms", value);
    }
    config &queue_max_bytes(std::uint64_t bytes) { return set("queue_max_bytes", bytes); }

    void validate() const { detail::throw_if(::questdb_config_validate(handle_.get())); }
    ::questdb_config *c_handle() const noexcept { return handle_.get(); }

  private:
    explicit config(::questdb_config *owned) noexcept : handle_(owned) {}
    /// Sets the word that belongs to a number of the enumeration. `words` are in the order of the enumeration; a number beyond
    /// them is refused.
    template <class Enum>
    config &choose(std::string_view key, Enum value, std::initializer_list<std::string_view> words) {
        const auto index = static_cast<std::size_t>(value);
        if (index >= words.size())
            throw error(QUESTDB_ERROR_CODE_CONFIG, std::string(key) + " is a number that its enumeration does not name");
        return set(key, words.begin()[index]);
    }
    detail::handle<::questdb_config, ::questdb_config_free> handle_;
};

/// Rows of one table that are stored all together or not at all, in one request over HTTP. It must not outlive its sender,
/// which may be moved. The destructor rolls back, unless a commit was tried: after a commit that failed the transaction stays
/// open in the sender with its rows, for `sender::commit` or `sender::rollback`.
class [[nodiscard]] transaction {
  public:
    transaction(::questdb_sender *of, std::string_view table) : table_(table) {
        detail::throw_if(::questdb_sender_begin(of, table.data(), table.size()));
        sender_.reset(of);
    }
    /// Begins the next row of the table.
    [[nodiscard]] row new_row() {
        ::questdb_buffer *own = ::questdb_sender_buffer(sender_.get());
        detail::put_table(own, table_);
        return {sender_.get(), own};
    }
    /// Appends a whole row of a layout of the same table.
    template <class... T>
    void append(const row_layout &layout, const T &...values) {
        own_buffer{::questdb_sender_buffer(sender_.get())}.append(layout, values...);
    }
    /// Sends the rows. If that fails the transaction stays open with all of them: commit again, or roll back.
    void commit() {
        ::questdb_error *failed = ::questdb_sender_commit(sender_.get());
        sender_.get_deleter().keeps = failed != nullptr;  // if the commit failed, the destructor must not drop the rows
        detail::throw_if(failed);
        static_cast<void>(sender_.release());
    }
    /// Drops the rows.
    void rollback() {
        detail::throw_if(::questdb_sender_rollback(sender_.get()));
        static_cast<void>(sender_.release());
    }
    bool is_open() const noexcept { return sender_ != nullptr; }

  private:
    struct roll_back {
        bool keeps;
        roll_back() noexcept : keeps{false} {}
        void operator()(::questdb_sender *of) const noexcept {
            if (!keeps) ::questdb_error_free(::questdb_sender_rollback(of));
        }
    };
    table_name table_;
    std::unique_ptr<::questdb_sender, roll_back> sender_;  // borrowed while the transaction is open
};

/// Sends rows to QuestDB. The destructor sends nothing: rows that were not flushed are lost, see `close`.
class sender {
  public:
    /// Makes a sender from a connection string such as `http::addr=localhost:9000;`. It connects now, unless `lazy_connect=on`.
    explicit sender(std::string_view conf) {
        ::questdb_sender *made = nullptr;
        detail::throw_if(::questdb_sender_from_conf(conf.data(), conf.size(), &made));
        handle_.reset(made);
    }
    explicit sender(const config &options) {
        ::questdb_sender *made = nullptr;
        detail::throw_if(::questdb_sender_new(options.c_handle(), &made));
        handle_.reset(made);
    }
    /// Makes a sender from the connection string in the environment variable `QDB_CLIENT_CONF`.
    [[nodiscard]] static sender from_env() {
        ::questdb_sender *made = nullptr;
        detail::throw_if(::questdb_sender_from_env(&made));
        return sender{made};
    }

    /// Makes the sender ready to send, as `questdb_sender_connect` describes. The first flush that has rows does the same.
    void connect() { detail::throw_if(::questdb_sender_connect(handle_.get())); }

    /// Begins a row in the sender's own buffer. Ending it flushes if a limit is reached. The row drops itself unless it is
    /// ended.
    template <class Name>
    [[nodiscard]] row table(const Name &name) {
        ::questdb_buffer *own = ::questdb_sender_buffer(handle_.get());
        detail::put_table(own, name);
        return {handle_.get(), own};
    }
    /// Appends a whole row, then flushes if an `auto_flush_*` limit is reached. See `buffer::append`.
    template <class At, class... T>
    sender &append(const row_layout &layout, const At &when, const T &...values) {
        detail::append_row(::questdb_sender_append_row, handle_.get(), layout, layout.row(when, values...));
        return *this;
    }
    template <class... T>
    sender &append(const row_layout &layout, const prepared_row<T...> &row) {
        detail::append_row(::questdb_sender_append_row, handle_.get(), layout, row);
        return *this;
    }
    /// Appends many rows, then flushes if an `auto_flush_*` limit is reached. See `buffer::append_columns`.
    template <class... Columns>
    sender &append_columns(const row_layout &layout, slice<const std::int64_t> at, const Columns &...columns) {
        detail::append_columns(::questdb_sender_append_columns, handle_.get(), layout, at.size(), at.data(), columns...);
        return *this;
    }
    /// Appends a batch of Apache Arrow and flushes each time that an `auto_flush_*` limit is reached. The array is taken, also if
    /// this throws; `error::rows_accepted` says how many of its rows were. The schema is only read.
    sender &append_arrow(::ArrowArray &array, const ::ArrowSchema &schema, const arrow_options &options) {
        detail::throw_if(::questdb_sender_arrow(handle_.get(), &array, &schema, options.c_handle()));
        return *this;
    }
    /// Appends all batches of a stream, each like the other `append_arrow`. The stream is taken, also if this throws.
    sender &append_arrow(::ArrowArrayStream &stream, const arrow_options &options) {
        detail::throw_if(::questdb_sender_arrow_stream(handle_.get(), &stream, options.c_handle()));
        return *this;
    }
    /// Returns the sender's own buffer.
    questdb::own_buffer own_buffer() noexcept { return questdb::own_buffer{::questdb_sender_buffer(handle_.get())}; }
    /// Returns an independent buffer with the protocol version and the limits of this sender.
    [[nodiscard]] buffer new_buffer() {
        ::questdb_buffer *made = nullptr;
        detail::throw_if(::questdb_sender_new_buffer(handle_.get(), &made));
        return buffer{made};
    }

    /// Sends the sender's own buffer and clears it.
    void flush() { detail::throw_if(::questdb_sender_flush_own(handle_.get())); }
    /// Sends the sender's own buffer if an `auto_flush_*` limit is reached.
    void flush_if_due() { detail::throw_if(::questdb_sender_flush_if_due(handle_.get())); }
    /// Sends a buffer and clears it. If that fails the rows stay; see `questdb_sender_flush`.
    void flush(buffer &rows) { detail::throw_if(::questdb_sender_flush(handle_.get(), rows.c_buffer())); }
    /// Sends a buffer and keeps its rows. With `all_or_nothing`, refuses what the server could store only in part.
    void flush_and_keep(const buffer &rows, bool all_or_nothing = false) {
        detail::throw_if(::questdb_sender_flush_and_keep_with_flags(handle_.get(), rows.c_buffer(), all_or_nothing));
    }

    /// Begins a transaction on one table. Pending rows of the sender's own buffer are flushed first.
    [[nodiscard]] transaction begin(std::string_view table) { return transaction{handle_.get(), table}; }
    bool in_transaction() const noexcept { return ::questdb_sender_in_transaction(handle_.get()); }
    /// Commits the transaction that a failed `transaction::commit` has left open. On failure it stays open.
    void commit() { detail::throw_if(::questdb_sender_commit(handle_.get())); }
    /// Drops the rows of the transaction that a failed `transaction::commit` has left open.
    void rollback() { detail::throw_if(::questdb_sender_rollback(handle_.get())); }

    std::uint32_t protocol_version() const noexcept { return ::questdb_sender_protocol_version(handle_.get()); }
    std::size_t max_name_len() const noexcept { return ::questdb_sender_max_name_len(handle_.get()); }
    /// Returns one counter. Any thread may call this at any time.
    std::uint64_t stat(::questdb_stat which) const noexcept { return ::questdb_sender_stat(handle_.get(), which); }
    /// Returns the last error of a flush, even if a later flush succeeded.
    std::optional<error> last_error() const {
        ::questdb_error *last = nullptr;
        detail::throw_if(::questdb_sender_last_error(handle_.get(), &last));
        if (last == nullptr) return std::nullopt;
        return error{last};
    }

    /// Cancels the call that another thread is running on this sender. That call throws QUESTDB_ERROR_CODE_CANCELLED within 100
    /// ms, with its true outcome, and its rows stay. A call that begins later is not affected, so repeat this every few
    /// milliseconds until that thread has stopped. Any thread may call this at any time, as long as the sender lives and is not
    /// being moved.
    void cancel() const noexcept { ::questdb_sender_cancel(handle_.get()); }

    /// Sends the complete rows of the sender's own buffer and ends the connection within `timeout`, which is rounded up to
    /// milliseconds and is 0 if negative. The connection is ended also if this throws. An open row is an error, INVALID_STATE,
    /// which is thrown after the other rows were sent. Returns how many rows were not handed over. After an exception
    /// `error::unconfirmed_rows` has that number, and over TCP `error::earlier_rows_in_doubt` says how many rows of earlier
    /// flushes are in doubt.
    template <class Rep, class Period>
    std::uint64_t close(std::chrono::duration<Rep, Period> timeout) {
        std::uint64_t unconfirmed = 0;
        const std::int64_t millis = detail::to_millis(timeout);
        if (::questdb_error *failed =
                ::questdb_sender_close(handle_.get(), millis < 0 ? 0 : static_cast<std::uint64_t>(millis), &unconfirmed)) {
            error thrown{failed};
            thrown.unconfirmed_rows_ = unconfirmed;
            throw thrown;
        }
        return unconfirmed;
    }
    ::questdb_sender *c_handle() const noexcept { return handle_.get(); }

  private:
    friend class pool;
    explicit sender(::questdb_sender *owned) noexcept : handle_(owned) {}
    detail::handle<::questdb_sender, ::questdb_sender_free> handle_;
};

/// How a batch is submitted to a pool.
struct submit_options {
    /// A number of yours, which the completion returns.
    std::uint64_t user_data = 0;
    /// Batches with the same key go out one after the other.
    std::optional<std::uint64_t> order_key{};
    /// How long to wait while the queue is full; without it, `acquire_timeout_ms`.
    std::optional<std::chrono::milliseconds> timeout{};
};

/// What became of a batch of a pool.
struct completion {
    std::uint64_t batch;
    std::uint64_t user_data;
    std::uint64_t rows;
    std::uint64_t bytes;
    ::questdb_outcome outcome;
    std::uint32_t attempts;
    std::uint32_t in_doubt_attempts;
    /// Why the batch failed; nothing after a success.
    std::optional<error> failure;
    /// The rows of a batch that failed, to send them again or to keep them elsewhere; nothing after a success.
    std::optional<buffer> failed_rows;
};

/// What `pool::close` has achieved, about the batches that were not complete when it was called.
struct pool_report {
    std::uint64_t unsent_rows;
    std::uint64_t rows_in_doubt;
    std::uint64_t earlier_rows_in_doubt;
    /// The first error of a batch or of the end of a connection.
    std::optional<error> failure;
};

/// Takes batches of rows from any thread and sends them over several connections, on threads of its own. Every batch has exactly
/// one completion, which `wait_for` or `next_for` returns, whichever comes first. Any thread may make any call, as long as the
/// pool lives and is not being moved. The destructor does not wait: what was not sent is lost, see `close`.
class pool {
  public:
    /// Makes a pool from a connection string such as `http::addr=localhost:9000;sender_pool_max=8;`.
    explicit pool(std::string_view conf) {
        ::questdb_pool *made = nullptr;
        detail::throw_if(::questdb_pool_from_conf(conf.data(), conf.size(), &made));
        handle_.reset(made);
    }
    explicit pool(const config &options) {
        ::questdb_pool *made = nullptr;
        detail::throw_if(::questdb_pool_new(options.c_handle(), &made));
        handle_.reset(made);
    }

    /// Returns an empty buffer with the protocol version and the limits of the pool.
    [[nodiscard]] buffer new_buffer() const {
        ::questdb_buffer *made = nullptr;
        detail::throw_if(::questdb_pool_new_buffer(handle_.get(), &made));
        return buffer{made};
    }
    /// Returns a sender whose rows go out through the pool: its automatic flushes do not wait for the server. `flush` and `close` of
    /// it wait for all its batches, as `questdb_pool_new_sender` describes. Make one for each thread, and close it before the pool.
    [[nodiscard]] sender new_sender() const {
        ::questdb_sender *made = nullptr;
        detail::throw_if(::questdb_pool_new_sender(handle_.get(), &made));
        return sender{made};
    }
    /// Takes the rows of a buffer, and leaves it empty with memory for the next ones. Returns the number of the batch. Waits only
    /// while the queue is full, for `options.timeout` or `acquire_timeout_ms`, and throws QUESTDB_ERROR_CODE_TIMEOUT if there is
    /// still no room. After an exception the buffer is as it was.
    std::uint64_t submit(buffer &rows, const submit_options &options = {}) const {
        ::questdb_submit how{};
        how.size = sizeof how;
        how.user_data = options.user_data;
        how.has_order_key = options.order_key.has_value();
        how.order_key = options.order_key.value_or(0);
        how.has_timeout = options.timeout.has_value();
        if (options.timeout) how.timeout_millis = millis(*options.timeout);
        std::uint64_t batch = 0;
        detail::throw_if(::questdb_pool_submit(handle_.get(), rows.c_buffer(), &how, &batch));
        return batch;
    }

    /// Waits for the oldest completion that nobody has read. Returns nothing if there is none in time.
    template <class Rep, class Period>
    std::optional<completion> next_for(std::chrono::duration<Rep, Period> timeout) const {
        ::questdb_completion done = empty();
        std::size_t count = 0;
        detail::throw_if(::questdb_pool_next(handle_.get(), millis(timeout), &done, 1, &count));
        if (count == 0) return std::nullopt;
        return taken(done);
    }
    /// Waits for the completion of one batch. Returns nothing if the batch is not complete in time. Throws
    /// QUESTDB_ERROR_CODE_INVALID_STATE if there is no such batch, or if its completion was read.
    template <class Rep, class Period>
    std::optional<completion> wait_for(std::uint64_t batch, std::chrono::duration<Rep, Period> timeout) const {
        ::questdb_completion done = empty();
        if (!in_time(::questdb_pool_wait(handle_.get(), batch, millis(timeout), &done))) return std::nullopt;
        return taken(done);
    }
    /// Waits until every batch is complete. Returns false if some are not in time.
    template <class Rep, class Period>
    [[nodiscard]] bool drain_for(std::chrono::duration<Rep, Period> timeout) const {
        return in_time(::questdb_pool_drain(handle_.get(), millis(timeout)));
    }
    /// Returns what is ready to read while `next_for` has a completion: a descriptor, on Windows the HANDLE of an event. It belongs
    /// to the pool; only wait for it.
    std::intptr_t native_handle() const {
        std::intptr_t handle = -1;
        detail::throw_if(::questdb_pool_handle(handle_.get(), &handle));
        return handle;
    }
    /// Cancels a batch if it still waits; with `in_flight_too` also if it is being sent. Its completion tells what became of it.
    void cancel(std::uint64_t batch, bool in_flight_too = false) const {
        detail::throw_if(::questdb_pool_cancel(handle_.get(), batch, in_flight_too));
    }

    /// Takes no more batches, sends those it has within `timeout`, and cancels the rest. Completions can be read afterwards. Does
    /// not throw for batches that failed: see `failure`.
    template <class Rep, class Period>
    pool_report close(std::chrono::duration<Rep, Period> timeout) const {
        ::questdb_pool_report report{};
        report.size = sizeof report;
        ::questdb_error *failed = ::questdb_pool_close(handle_.get(), millis(timeout), &report);
        pool_report result{report.unsent_rows, report.rows_in_doubt, report.earlier_rows_in_doubt, std::nullopt};
        if (failed != nullptr) result.failure.emplace(failed);
        return result;
    }
    /// Returns one counter.
    std::uint64_t stat(::questdb_pool_counter which) const noexcept { return ::questdb_pool_stat(handle_.get(), which); }
    ::questdb_pool *c_handle() const noexcept { return handle_.get(); }

  private:
    /// Rounds up, and takes what is negative for 0.
    template <class Rep, class Period>
    static std::uint64_t millis(std::chrono::duration<Rep, Period> timeout) {
        const std::int64_t count = detail::to_millis(timeout);
        return count < 0 ? 0 : static_cast<std::uint64_t>(count);
    }
    static ::questdb_completion empty() noexcept {
        ::questdb_completion done{};
        done.size = sizeof done;
        return done;
    }
    static bool in_time(::questdb_error *failed) {
        if (::questdb_error_get_code(failed) != QUESTDB_ERROR_CODE_TIMEOUT) {
            detail::throw_if(failed);
            return true;
        }
        ::questdb_error_free(failed);
        return false;
    }
    static completion taken(const ::questdb_completion &done) {
        std::optional<buffer> rows;
        if (done.failed_rows != nullptr) rows.emplace(done.failed_rows);
        std::optional<error> failure;
        if (done.error != nullptr) failure.emplace(done.error);
        return {done.batch,    done.user_data,         done.rows,          done.bytes,     static_cast<::questdb_outcome>(done.outcome),
                done.attempts, done.in_doubt_attempts, std::move(failure), std::move(rows)};
    }
    detail::handle<::questdb_pool, ::questdb_pool_free> handle_;
};

}  // namespace questdb

#undef QUESTDB_COLD

#endif  // QUESTDB_INGRESS_HPP
