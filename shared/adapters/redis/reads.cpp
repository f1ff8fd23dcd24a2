// Several commands answer one question. They are pipelined in order, so the last answer completes
// it; the first error is the answer.
#include "shared/adapters/redis/reads.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>

#include "shared/model/wire.h"

namespace stampede::redis {
namespace {

Seq number(std::string_view text) {
  Seq value = kNoSeq;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::unordered_set<std::string> names_in(Answer answer) {
  std::unordered_set<std::string> out;
  for (std::size_t i = 0; i < answer.size(); ++i) out.emplace(answer[i].text());
  return out;
}

/// An entry of the stream: id, fields p = prev, m = message without its position.
MessageRef message_in(Answer entry) {
  const Answer fields = entry[1];
  const std::string_view id = entry[0].text();
  Position position{number(id.substr(0, id.find('-'))), kNoSeq};
  std::string_view wire;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    if (fields[i].text() == "p") position.prev = number(fields[i + 1].text());
    if (fields[i].text() == "m") wire = fields[i + 1].text();
  }
  auto decoded = decode_message(wire);
  if (!decoded) {
    log_error("recent message cannot be read", {{"reason", decoded.error().detail}});
    return nullptr;
  }
  decoded->position = position;
  return std::make_shared<const Message>(std::move(*decoded));
}

}  // namespace

void Reads::recent(const RoomName& room, Seq after, std::size_t limit,
                   const Reply<Result<std::vector<MessageRef>>>& found) {
  if (limit == 0) {
    found(std::vector<MessageRef>{});
    return;
  }
  context_.connection.send(Command({"XREVRANGE", context_.keys.recent(room), "+",
                                    std::to_string(after + 1), "COUNT", std::to_string(limit)}),
                           [found](const Result<Answer>& answer) {
                             if (!answer) {
                               found(answer.error());
                               return;
                             }
                             std::vector<MessageRef> out;
                             for (std::size_t i = answer->size(); i-- > 0;) {
                               if (auto message = message_in((*answer)[i]))
                                 out.push_back(std::move(message));
                             }
                             found(std::move(out));
                           });
}

void Reads::last(const std::vector<RoomName>& rooms, const Reply<Result<std::vector<Seq>>>& found) {
  state_of(rooms, "last", found);
}

void Reads::versions(const std::vector<RoomName>& rooms,
                     const Reply<Result<std::vector<Seq>>>& found) {
  state_of(rooms, "users", found);
}

void Reads::users(const RoomName& room, std::size_t limit, const Reply<Result<RoomUsers>>& found) {
  context_.connection.send(
      Command::call(Script::kUsers, {context_.keys.state(room), context_.keys.users(room)},
                    {std::to_string(limit)}),
      [found](const Result<Answer>& answer) {
        if (!answer) {
          found(answer.error());
          return;
        }
        RoomUsers out{(*answer)[1].integer(), (*answer)[0].integer(), {}};
        const Answer listed = (*answer)[2];
        for (std::size_t i = 0; i + 1 < listed.size(); i += 2) {
          const std::string_view value = listed[i + 1].text();
          const std::size_t split = std::min(value.find(' '), value.size());
          out.users.push_back({UserId(std::string(listed[i].text())),
                               number(value.substr(0, split)),
                               number(value.substr(std::min(split + 1, value.size())))});
        }
        std::sort(out.users.begin(), out.users.end(),
                  [](const PresentUser& a, const PresentUser& b) {
                    return std::tie(a.since_ms, a.user) < std::tie(b.since_ms, b.user);
                  });
        found(std::move(out));
      });
}

void Reads::state_of(const std::vector<RoomName>& rooms, const char* field,
                     const Reply<Result<std::vector<Seq>>>& found) {
  if (rooms.empty()) {
    found(std::vector<Seq>{});
    return;
  }
  // A room is a key of its own slot, so that this is many commands rather than one. They share what
  // answers them: a reply may carry as many names as there are commands.
  struct Asked {
    Result<std::vector<Seq>> answers;
    Reply<Result<std::vector<Seq>>> found;
  };
  const auto asked = std::make_shared<Asked>(Asked{std::vector<Seq>(rooms.size(), kNoSeq), found});
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    const bool is_last = i + 1 == rooms.size();
    context_.connection.send(Command({"HGET", context_.keys.state(rooms[i]), field}),
                             [asked, i, is_last](const Result<Answer>& answer) {
                               if (!answer) {
                                 asked->answers = answer.error();
                               } else if (asked->answers) {
                                 (*asked->answers)[i] = number(answer->text());
                               }
                               if (is_last) asked->found(std::move(asked->answers));
                             });
  }
}

struct Reads::Listing {
  RoomsQuery query;
  Reply<Result<std::vector<RoomSummary>>> found;
  std::unordered_set<std::string> live;  ///< registrations
  std::vector<RoomSummary> page;         ///< read and found to have members
  std::optional<Error> error;

  // Of the entries in hand.
  struct Candidate {
    RoomName room;
    std::string entry;
    Seq last = kNoSeq;
    std::int64_t members = 0;
    std::int64_t users = 0;
    bool empty = true;  ///< nobody at all, not even a dead gateway
  };
  std::vector<Candidate> candidates;
  bool more = false;
};

void Reads::rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) {
  auto listing =
      std::make_shared<Listing>(Listing{std::move(query), std::move(found), {}, {}, {}, {}, false});
  if (listing->query.limit == 0) {
    listing->found(std::vector<RoomSummary>{});
    return;
  }
  context_.connection.send(Command::call(Script::kLive, {context_.keys.leases()}, {}),
                           [this, listing](const Result<Answer>& answer) {
                             if (!answer) {
                               listing->found(answer.error());
                               return;
                             }
                             listing->live = names_in(*answer);
                             next_rooms(listing);
                           });
}

void Reads::next_rooms(const std::shared_ptr<Listing>& listing) {
  // '!' stands between the blank of an entry and the characters of a name: behind all lives of
  // this room, before every longer name.
  const std::string from = listing->query.after.empty() ? "-" : "(" + listing->query.after + "!";
  const std::size_t count = std::clamp<std::size_t>(listing->query.limit, 50, 1'000);
  context_.connection.send(Command({"ZRANGEBYLEX", context_.keys.index(), from, "+", "LIMIT", "0",
                                    std::to_string(count)}),
                           [this, listing, count](const Result<Answer>& answer) {
                             if (!answer) {
                               listing->found(answer.error());
                               return;
                             }
                             listing->more = answer->size() == count;
                             summarise(listing, *answer);
                           });
}

void Reads::summarise(const std::shared_ptr<Listing>& listing, Answer entries) {
  listing->candidates.clear();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string entry(entries[i].text());
    listing->candidates.push_back({RoomName(entry.substr(0, entry.find(' '))), entry});
  }
  if (listing->candidates.empty()) {
    listing->found(std::move(listing->page));
    return;
  }
  for (std::size_t i = 0; i < listing->candidates.size(); ++i) {
    const RoomName& room = listing->candidates[i].room;
    const bool is_last = i + 1 == listing->candidates.size();
    context_.connection.send(Command({"HGET", context_.keys.state(room), "last"}),
                             [listing, i](const Result<Answer>& answer) {
                               if (!answer) {
                                 listing->error = answer.error();
                               } else {
                                 listing->candidates[i].last = number(answer->text());
                               }
                             });
    context_.connection.send(Command({"HLEN", context_.keys.users(room)}),
                             [listing, i](const Result<Answer>& answer) {
                               if (!answer) {
                                 listing->error = answer.error();
                               } else {
                                 listing->candidates[i].users = answer->integer();
                               }
                             });
    context_.connection.send(Command({"HGETALL", context_.keys.gateways(room)}),
                             [this, listing, i, is_last](const Result<Answer>& answer) {
                               if (!answer) {
                                 listing->error = answer.error();
                               } else {
                                 auto& candidate = listing->candidates[i];
                                 candidate.empty = answer->size() == 0;
                                 for (std::size_t j = 0; j + 1 < answer->size(); j += 2) {
                                   if (!listing->live.contains(std::string((*answer)[j].text())))
                                     continue;
                                   candidate.members += number((*answer)[j + 1].text());
                                 }
                               }
                               if (is_last) finish_page(listing);
                             });
  }
}

void Reads::finish_page(const std::shared_ptr<Listing>& listing) {
  if (listing->error) {
    listing->found(*listing->error);
    return;
  }
  for (const auto& candidate : listing->candidates) {
    // A life that has ended: its entry was left by a gateway that died between two commands.
    if (candidate.empty && !context_.registration.empty()) {
      context_.connection.send(Command({"ZREM", context_.keys.index(), candidate.entry}),
                               [](const Result<Answer>&) {});
    }
    const bool repeated = !listing->page.empty() && listing->page.back().room == candidate.room;
    if (candidate.members == 0 || repeated || listing->page.size() == listing->query.limit)
      continue;
    listing->page.push_back({candidate.room, candidate.members, candidate.last, candidate.users});
  }
  if (listing->page.size() < listing->query.limit && listing->more) {
    listing->query.after = listing->candidates.back().room.str();
    next_rooms(listing);
    return;
  }
  listing->found(std::move(listing->page));
}

struct Reads::Roster {
  RoomName room;
  Reply<Result<std::vector<Member>>> found;
  Result<std::unordered_set<std::string>> live;
};

void Reads::members(const RoomName& room, Reply<Result<std::vector<Member>>> found) {
  auto roster =
      std::make_shared<Roster>(Roster{room, std::move(found), std::unordered_set<std::string>{}});
  context_.connection.send(Command::call(Script::kLive, {context_.keys.leases()}, {}),
                           [roster](const Result<Answer>& answer) {
                             if (answer) {
                               roster->live = names_in(*answer);
                             } else {
                               roster->live = answer.error();
                             }
                           });
  context_.connection.send(
      Command::call(Script::kMembers, {context_.keys.gateways(room)},
                    {context_.keys.members(room, "")}),
      [roster](const Result<Answer>& answer) {
        if (!answer || !roster->live) {
          roster->found(answer ? roster->live.error() : answer.error());
          return;
        }
        std::vector<Member> out;
        std::unordered_set<std::string> listed;
        for (std::size_t i = 0; i + 1 < answer->size(); i += 2) {
          if (!roster->live->contains(std::string((*answer)[i].text()))) continue;
          const Answer sessions = (*answer)[i + 1];
          for (std::size_t j = 0; j + 1 < sessions.size(); j += 2) {
            // A gateway that registers anew has its sessions under both registrations for a moment.
            if (!listed.emplace(sessions[j].text()).second) continue;
            const std::string_view value = sessions[j + 1].text();
            const std::size_t split = value.find('\n');
            if (split == std::string_view::npos) continue;
            out.push_back({roster->room, SessionId(std::string(sessions[j].text())),
                           UserId(std::string(value.substr(split + 1))),
                           number(value.substr(0, split))});
          }
        }
        std::sort(out.begin(), out.end(), [](const Member& a, const Member& b) {
          return std::tie(a.since_ms, a.session) < std::tie(b.since_ms, b.session);
        });
        roster->found(std::move(out));
      });
}

}  // namespace stampede::redis
