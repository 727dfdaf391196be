// SPDX-License-Identifier: Apache-2.0
// A small harness. TEST(name) { ... } declares a test; EXPECT_* note a failure and go on. Without
// arguments the program runs each test in a process of its own; with names it runs these in this
// process; --list prints the names.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

// Threads of a test may note failures too.
inline std::atomic<int>& Failures() {
  static std::atomic<int> failures{0};
  return failures;
}

struct Declare {
  Declare(const char* name, void (*body)()) { Tests().push_back({name, body}); }
};

template <typename T, typename = void>
struct CanPrint : std::false_type {};
template <typename T>
struct CanPrint<T, std::void_t<decltype(std::declval<std::ostream&>() << std::declval<const T&>())>>
    : std::true_type {};

template <typename T>
std::string Show(const T& value) {
  std::ostringstream out;
  if constexpr (std::is_same_v<T, const char*> || std::is_same_v<T, char*>) {
    out << (value == nullptr ? "null" : "\"" + std::string(value) + "\"");
  } else if constexpr (std::is_enum_v<T>) {
    out << static_cast<long long>(value);
  } else if constexpr (std::is_same_v<T, int8_t> || std::is_same_v<T, uint8_t>) {
    out << static_cast<int>(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    out << (value ? "true" : "false");
  } else if constexpr (std::is_floating_point_v<T>) {
    out.precision(17);
    out << value;
  } else if constexpr (CanPrint<T>::value) {
    out << value;
  } else {
    out << "(" << sizeof(T) << " bytes)";
  }
  return out.str();
}

inline void Report(const char* file, int line, const std::string& text) {
  ++Failures();
  std::printf("%s:%d: %s\n", file, line, text.c_str());
  std::fflush(stdout);
}

// Numbers of different signedness compare by value.
template <typename A, typename B>
bool Equal(const A& a, const B& b) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B> && !std::is_same_v<A, bool> &&
                !std::is_same_v<B, bool>) {
    return static_cast<__int128>(a) == static_cast<__int128>(b);
  } else {
    return a == b;
  }
}

template <typename A, typename B>
void ExpectEqual(const A& a, const B& b, const char* a_text, const char* b_text, bool wanted,
                 const char* file, int line) {
  if (Equal(a, b) == wanted) return;
  Report(file, line,
         std::string(a_text) + (wanted ? " == " : " != ") + b_text + " does not hold: " + Show(a) +
             " and " + Show(b));
}

inline void ExpectTextHas(const char* text, const std::string& part, const char* expression,
                          const char* file, int line) {
  if (text != nullptr && std::strstr(text, part.c_str()) != nullptr) return;
  Report(
      file, line,
      std::string(expression) + " is " + Show(text) + ", want it to contain " + Show(part.c_str()));
}
inline void ExpectTextHas(const std::string& text, const std::string& part, const char* expression,
                          const char* file, int line) {
  ExpectTextHas(text.c_str(), part, expression, file, line);
}

inline void ExpectNear(double a, double b, double tolerance, const char* a_text, const char* b_text,
                       const char* file, int line) {
  const double difference = a > b ? a - b : b - a;
  if (difference <= tolerance) return;
  Report(file, line,
         std::string(a_text) + " is " + Show(a) + ", want " + b_text + " = " + Show(b) +
             " within " + Show(tolerance));
}

inline int RunHere(const Test& test) {
  const int before = Failures();
  try {
    test.body();
  } catch (const std::exception& error) {
    Report(test.name, 0, std::string("exception: ") + error.what());
  }
  const bool passed = Failures() == before;
  std::printf("%s %s\n", passed ? "PASS" : "FAIL", test.name);
  std::fflush(stdout);
  return passed ? 0 : 1;
}

// fork and exec, because a test may need a process that has not used the libraries yet.
inline int RunApart(const Test& test) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "/proc/self/exe", test.name, static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 1;
  if (WIFSIGNALED(status)) std::printf("FAIL %s: signal %d\n", test.name, WTERMSIG(status));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

inline int Main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    for (const Test& test : Tests()) std::printf("%s\n", test.name);
    return 0;
  }
  int failed = 0;
  if (argc == 1) {
    for (const Test& test : Tests()) failed += RunApart(test);
    std::printf("%zu tests, %d failed\n", Tests().size(), failed);
    return failed == 0 && !Tests().empty() ? 0 : 1;
  }
  for (int i = 1; i < argc; ++i) {
    const Test* found = nullptr;
    for (const Test& test : Tests()) {
      if (std::strcmp(test.name, argv[i]) == 0) found = &test;
    }
    if (found == nullptr) {
      std::printf("no test has the name %s; --list prints the names\n", argv[i]);
      return 2;
    }
    failed += RunHere(*found);
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace check

#define TEST(name)                                                \
  static void Test_##name();                                      \
  static const check::Declare declare_##name(#name, Test_##name); \
  static void Test_##name()

#define EXPECT_EQ(a, b) check::ExpectEqual((a), (b), #a, #b, true, __FILE__, __LINE__)
#define EXPECT_NE(a, b) check::ExpectEqual((a), (b), #a, #b, false, __FILE__, __LINE__)
#define EXPECT_TRUE(a) \
  check::ExpectEqual(static_cast<bool>(a), true, #a, "true", true, __FILE__, __LINE__)
#define EXPECT_FALSE(a) \
  check::ExpectEqual(static_cast<bool>(a), false, #a, "false", true, __FILE__, __LINE__)
#define EXPECT_TEXT_HAS(text, part) check::ExpectTextHas((text), (part), #text, __FILE__, __LINE__)
#define EXPECT_NEAR(a, b, tolerance) \
  check::ExpectNear((a), (b), (tolerance), #a, #b, __FILE__, __LINE__)
// Ends the test, where going on would be of no use.
#define REQUIRE(a)                                                        \
  do {                                                                    \
    if (!(a)) {                                                           \
      check::Report(__FILE__, __LINE__, "REQUIRE(" #a ") does not hold"); \
      return;                                                             \
    }                                                                     \
  } while (false)

int main(int argc, char** argv) { return check::Main(argc, argv); }
