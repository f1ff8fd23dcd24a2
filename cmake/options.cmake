# What every target of ours is compiled with: the language, the warnings, the sanitizers.

add_library(stampede_options INTERFACE)
target_compile_features(stampede_options INTERFACE cxx_std_20)
target_include_directories(stampede_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(stampede_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast)
if(STAMPEDE_WERROR)
  target_compile_options(stampede_options INTERFACE -Werror)
endif()

if(STAMPEDE_SANITIZER STREQUAL "address")
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    list(APPEND sanitize -fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/ubsan-ignored.txt)
  endif()
elseif(STAMPEDE_SANITIZER STREQUAL "thread")
  # g++ warns that it does not follow atomic_thread_fence; Asio has one.
  set(sanitize -fsanitize=thread -fno-omit-frame-pointer -Wno-tsan)
elseif(NOT STAMPEDE_SANITIZER STREQUAL "")
  message(FATAL_ERROR "STAMPEDE_SANITIZER is '${STAMPEDE_SANITIZER}'; allowed: address, thread, or empty")
endif()
if(sanitize)
  add_compile_options(${sanitize})
  add_link_options(${sanitize})
endif()

if(STAMPEDE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  # clang counts these among -Wconversion, g++ does not.
  target_compile_options(stampede_options INTERFACE -Wno-sign-conversion)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(LLD ld.lld)
if(LLD)
  add_link_options(-fuse-ld=lld)
endif()
