#include "shared/auth/auth_options.h"

#include <algorithm>
#include <array>

namespace stampede::auth {
namespace {

using config::Value;

Value algorithm_value(std::string& into) {
  static constexpr std::array<std::string_view, 3> kAlgorithms{"HS256", "RS256", "ES256"};
  Value value;
  value.unit = "ALGORITHM";
  value.allowed = "HS256, RS256, ES256";
  value.parse = [&into, allowed = value.allowed](std::string_view text) -> Result<void> {
    if (std::find(kAlgorithms.begin(), kAlgorithms.end(), text) == kAlgorithms.end()) {
      return Error(Errc::kInvalidArgument, "allowed are " + allowed);
    }
    into = text;
    return {};
  };
  value.show = [&into] { return into; };
  return value;
}

Value rights_value(Rights& into) {
  Value value;
  value.unit = "RIGHTS";
  value.allowed = "<rooms>=<verbs>;…, or none";
  value.parse = [&into](std::string_view text) -> Result<void> {
    auto rights = parse_rights(text);
    if (!rights) return rights.error();
    into = *std::move(rights);
    return {};
  };
  value.show = [&into] { return into.str(); };
  return value;
}

/// Any text that a claim may be; `path_value` without the name of a path.
Value text_value(std::string& into) {
  Value value = config::path_value(into);
  value.unit = "TEXT";
  return value;
}

void add_tokens(config::OptionTable& table, AuthOptions& o) {
  table
      .add(
          "jwt-keys", config::path_value(o.jwt_keys),
          "Keys that tokens (JWT) are signed with: a JWKS, a public key in PEM, or a shared secret "
          "(then --jwt-algorithm HS256 too). Read again when it changes.")
      .add("jwt-algorithm", algorithm_value(o.jwt_algorithm),
           "Algorithm of the single key in --jwt-keys. A JWKS says it for each of its keys.",
           "as the key's kind")
      .add("jwt-issuer", text_value(o.jwt_issuer),
           "What a token's iss must be. Without it any issuer will do.")
      .add("jwt-audience", text_value(o.jwt_audience),
           "What must be in a token's aud. Without it any audience will do.")
      .add("jwt-leeway",
           config::duration_value(o.jwt_leeway, Milliseconds(0), std::chrono::minutes(10)),
           "How far clocks may differ when exp, nbf and iat are checked.")
      .add("token-grace",
           config::duration_value(o.token_grace, Milliseconds(0), std::chrono::hours(1)),
           "How long a session goes on after its token has expired, to send a new one.");
}

void add_logins(config::OptionTable& table, AuthOptions& o) {
  const Milliseconds least(0);
  table
      .add("login-threads", config::count_value(o.login_threads, 1, 64),
           "Threads that check passcodes; each takes the memory and time that the hashes ask for.")
      .add("login-queue", config::count_value(o.login_queue, 1, 100'000),
           "Logins that may wait for those threads; more are refused.")
      .add("login-delay", config::duration_value(o.login_delay, least, std::chrono::minutes(1)),
           "How long the first refusal of an address is held back; doubles with each further one.")
      .add("login-delay-max",
           config::duration_value(o.login_delay_max, least, std::chrono::minutes(10)),
           "How long a refusal is held back at most.");
}

}  // namespace

void add_auth_options(config::OptionTable& table, AuthOptions& options) {
  table.group("Authentication")
      .add("allow-anonymous", config::flag_value(options.allow_anonymous),
           "Let everybody in on addresses that other machines can reach. Without it, and with "
           "neither --users-file nor --jwt-keys, clients can come from this machine only.")
      .add("users-file", config::path_value(options.users_file),
           "Who may log in with a passcode, one name:hash:rights a line; hashes are made by "
           "stampede-gateway hash-password. Read again when it changes.");
  add_tokens(table, options);
  table
      .add("default-rights", rights_value(options.default_rights),
           "What those may do whose line or token does not say it, and everybody when neither "
           "--users-file nor --jwt-keys is given.")
      .add("admin-key-file", config::path_value(options.admin_key_file),
           "File of the key that revocations are asked for with. Without it nobody can.")
      .add("revocation-ttl",
           config::duration_value(options.revocation_ttl, std::chrono::minutes(1),
                                  std::chrono::hours(24 * 366)),
           "How long a revocation is remembered; longer than any token lives.");
  add_logins(table, options);
}

void check_auth_options(const AuthOptions& options, const config::OptionTable& table,
                        std::vector<config::Problem>& problems) {
  for (const char* const name : {"jwt-algorithm", "jwt-issuer", "jwt-audience"}) {
    if (!options.jwt_keys.empty() || table.at(name).source.empty()) continue;
    problems.push_back({table.at(name).where(),
                        "says something about tokens, but none are taken without --jwt-keys"});
  }
  if (options.login_delay_max < options.login_delay) {
    problems.push_back({table.at("login-delay-max").where(),
                        config::show_duration(options.login_delay_max) +
                            " is less than --login-delay " +
                            config::show_duration(options.login_delay) + "; give at least that"});
  }
}

void check_doors(const AuthOptions& options, const std::vector<Door>& doors,
                 const config::OptionTable& table, std::vector<config::Problem>& problems) {
  if (options.enabled() && options.allow_anonymous) {
    problems.push_back({table.at("allow-anonymous").where(),
                        "with --users-file or --jwt-keys every client has to log in; give "
                        "--allow-anonymous or those, not both"});
  }
  if (options.enabled() || options.allow_anonymous) return;
  for (const auto& [option, endpoint] : doors) {
    if (endpoint.loopback()) continue;
    problems.push_back({table.at(option).where(),
                        "\"" + to_string(endpoint) +
                            "\": without authentication clients can come from this machine only, "
                            "so listen on loopback only; give --users-file or --jwt-keys, or "
                            "listen on 127.0.0.1:" +
                            std::to_string(endpoint.port) +
                            ", or give --allow-anonymous to let everyone in who can reach the "
                            "address"});
  }
}

}  // namespace stampede::auth
