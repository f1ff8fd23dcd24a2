// The page is a few files: reading them once makes serving a map look-up and path traversal
// impossible instead of forbidden.
#include "shared/http/static_files.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "shared/base/log.h"
#include "shared/base/utf8.h"
#include "shared/http/problem.h"

namespace stampede::http {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxTotalBytes = 64UL * 1024 * 1024;

/// Scripts, styles and connections from here only; WebSockets also to another host, because the
/// page may be served apart from the gateways. Nothing inline, so that text that somebody manages
/// to have taken for markup still runs nothing.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

std::string_view content_type_of(const fs::path& path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kTypes{{
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".txt", "text/plain; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".gif", "image/gif"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
  }};
  const std::string extension = path.extension().string();
  for (const auto& [known, type] : kTypes) {
    if (extension == known) return type;
  }
  return {};
}

/// FNV-1a over the bytes: tells versions of a file apart, no more is asked of an ETag.
std::string etag_of(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "\"%016llx\"", static_cast<unsigned long long>(hash));
  return text.data();
}

bool inside(const fs::path& root, const fs::path& path) {
  const auto [end, unused] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return end == root.end();
}

/// If-None-Match is a list of tags, weak or not, or "*" (RFC 9110 section 13.1.2).
bool matches(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    std::string_view tag = list.substr(0, list.find(','));
    list.remove_prefix(std::min(tag.size() + 1, list.size()));
    tag.remove_prefix(std::min(tag.find_first_not_of(" \t"), tag.size()));
    tag = tag.substr(0, tag.find_last_not_of(" \t") + 1);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

void add_browser_rules(Response& response) {
  response.headers.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
}

}  // namespace

Result<StaticFiles> StaticFiles::load(const std::string& directory) {
  std::error_code ec;
  const fs::path root = fs::canonical(directory, ec);
  const auto unusable = [&](const std::string& why) {
    return Error{Errc::kInvalidArgument, "cannot serve the directory " + directory + ": " + why};
  };
  if (ec) return unusable(ec.message());
  auto files = std::make_shared<Files>();
  std::uintmax_t total = 0;
  fs::recursive_directory_iterator entry(root, ec);
  for (; !ec && entry != fs::recursive_directory_iterator(); entry.increment(ec)) {
    const fs::path& path = entry->path();
    std::error_code failure;
    if (path.filename().string().starts_with('.')) {
      if (entry->is_directory(failure)) entry.disable_recursion_pending();
      continue;
    }
    const fs::path real = fs::canonical(path, failure);
    if (failure || !fs::is_regular_file(real, failure)) continue;
    const std::string_view type = content_type_of(path);
    const std::string name = "/" + path.lexically_relative(root).generic_string();
    if (!inside(root, real) || type.empty() || !is_utf8(name)) {
      log_warn("file is not served", {{"file", path.string()}});
      continue;
    }
    std::ifstream in(real, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (!in) return unusable("cannot read " + path.string());
    total += bytes.size();
    if (total > kMaxTotalBytes) return unusable("it holds more than 64 MiB");
    std::string etag = etag_of(bytes);
    files->insert_or_assign(name, File{std::string(type), std::move(etag), std::move(bytes)});
  }
  if (ec) return unusable(ec.message());
  if (!files->contains("/index.html")) return unusable("there is no index.html in it");
  return StaticFiles(std::move(files));
}

Handler StaticFiles::handler() const {
  return [files = files_](const Request& request, const Responder& respond) {
    Response response = serve(*files, request);
    add_browser_rules(response);
    respond(std::move(response));
  };
}

Response StaticFiles::serve(const Files& files, const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    Response refusal = problem(405, "Files allow GET, HEAD.");
    refusal.headers.emplace_back("Allow", "GET, HEAD");
    return refusal;
  }
  const bool is_directory = request.path.ends_with('/');
  const auto found = files.find(is_directory ? request.path + "index.html" : request.path);
  if (found == files.end()) return problem(404, "There is nothing at " + request.path + ".");
  const File& file = found->second;
  Response response;
  // Always ask, mostly be told 304: the next version of the page is seen at once.
  response.headers = {{"ETag", file.etag}, {"Cache-Control", "no-cache"}};
  if (matches(request.header("If-None-Match").value_or(""), file.etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = file.content_type;
  response.body = file.bytes;
  return response;
}

}  // namespace stampede::http
