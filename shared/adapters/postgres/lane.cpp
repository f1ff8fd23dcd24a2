// libpq wants a connection to belong to one thread at a time, and a thread of its own keeps slow
// statements away from the loops.
#include "shared/adapters/postgres/lane.h"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <array>

namespace stampede::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstBackoff{100};
constexpr milliseconds kLongestBackoff{5'000};

}  // namespace

bool JobQueue::push(Job& job) {
  const std::lock_guard lock(mutex_);
  if (closed_ || jobs_.size() >= limit_) return false;
  jobs_.push_back(std::move(job));
  waiting_.raise();
  return true;
}

std::optional<Job> JobQueue::pop() {
  const std::lock_guard lock(mutex_);
  if (jobs_.empty()) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  if (jobs_.empty()) waiting_.clear();
  return job;
}

void JobQueue::close(const Error& why) {
  std::deque<Job> left;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(jobs_);
    waiting_.clear();
  }
  for (const Job& job : left) job.give_up(why);
}

Lane::Lane(std::size_t number, const Options& options, JobQueue& queue, Setup setup,
           LinkStatus& status, const WakeUp& stop)
    : number_(number),
      options_(options),
      queue_(queue),
      setup_(setup),
      status_(status),
      stop_(stop),
      db_(stop),
      thread_([this] { run(); }) {}

void Lane::run() {
  pthread_setname_np(pthread_self(), ("postgres-" + std::to_string(number_)).c_str());
  while (true) {
    connect_when_due();
    if (!wait()) return;
    if (auto job = queue_.pop()) serve(*job);
  }
}

void Lane::connect_when_due() {
  if (!db_.is_open() && steady_clock::now() >= next_attempt_) connect();
}

void Lane::connect() {
  auto made = db_.open(options_.url, options_.connect_timeout, options_.statement_timeout);
  if (made) made = setup_(db_);
  if (made) {
    backoff_ = {};
    status_.up(number_);
    return;
  }
  db_.close();
  if (made.error().is(Errc::kCancelled)) return;
  away_ = Error(Errc::kUnavailable, made.error().detail);
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  // Half to all of it, so that a restarted database is not met by every connection at once.
  std::uniform_int_distribution<milliseconds::rep> jitter(backoff_.count() / 2, backoff_.count());
  next_attempt_ = steady_clock::now() + milliseconds(jitter(random_));
  status_.down(number_, away_.detail);
}

void Lane::serve(Job& job) {
  // The loss may have been noticed in the very wait that the job ended.
  connect_when_due();
  bool again = true;
  while (true) {
    if (!db_.is_open()) return job.give_up(away_);
    const auto error = job.run(db_);
    if (!error) return;
    if (db_.is_open() || !again) return job.give_up(*error);
    if (error->is(Errc::kCancelled)) return job.give_up(*error);
    // A server that restarted closes idle connections; a job should not fail for that.
    status_.down(number_, error->detail);
    again = false;
    connect();
  }
}

bool Lane::wait() {
  int timeout_ms = -1;
  if (!db_.is_open()) {
    const auto left = std::chrono::ceil<milliseconds>(next_attempt_ - steady_clock::now());
    timeout_ms = static_cast<int>(std::max<milliseconds::rep>(left.count(), 0));
  }
  std::array<pollfd, 3> polled{
      {{stop_.fd(), POLLIN, 0}, {queue_.fd(), POLLIN, 0}, {db_.fd(), POLLIN, 0}}};
  ::poll(polled.data(), polled.size(), timeout_ms);
  if (polled[0].revents != 0) return false;
  if (polled[2].revents != 0 && polled[1].revents == 0) {
    if (auto alive = db_.check_idle(); !alive) status_.down(number_, alive.error().detail);
  }
  return true;
}

}  // namespace stampede::postgres
