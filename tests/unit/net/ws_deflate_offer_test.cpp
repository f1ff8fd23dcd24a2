// RFC 7692 sections 5 and 7.1: what a server accepts, and what it answers.
#include "gateway/net/ws_deflate_offer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace stampede::test {
namespace {

using gateway::agree_on_deflate;
using gateway::WsDeflateAgreement;
using gateway::WsExtension;

constexpr const char* kPlain =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

std::optional<WsDeflateAgreement> agreement_on(std::string_view offered) {
  std::vector<WsExtension> offers;
  EXPECT_TRUE(gateway::parse_ws_extensions(offered, offers)) << offered;
  return agree_on_deflate(offers);
}

/// The answer's header, or "none".
std::string answer_to(std::string_view offered) {
  const auto agreement = agreement_on(offered);
  return agreement ? agreement->header() : "none";
}

TEST(WsDeflateOfferTest, AnswersTheOffersOfBrowsersAndLibraries) {
  EXPECT_EQ(answer_to("permessage-deflate; client_max_window_bits"), kPlain);
  EXPECT_EQ(answer_to("permessage-deflate"), kPlain);
  EXPECT_EQ(answer_to("PerMessage-Deflate; Client_Max_Window_Bits"), kPlain);
  EXPECT_EQ(answer_to("x-webkit-deflate-frame, permessage-deflate; client_max_window_bits"),
            kPlain);
}

// Section 7.1.1: neither side keeps its context, whatever is offered.

TEST(WsDeflateOfferTest, AsksBothSidesToForget) {
  EXPECT_EQ(answer_to("permessage-deflate; server_no_context_takeover"), kPlain);
  EXPECT_EQ(answer_to("permessage-deflate; client_no_context_takeover"), kPlain);
  EXPECT_EQ(answer_to(kPlain), kPlain);
}

// Section 7.1.2.1

TEST(WsDeflateOfferTest, KeepsToTheServersWindowThatTheClientCanTake) {
  for (int bits = 8; bits <= 15; ++bits) {
    const std::string asked = "; server_max_window_bits=" + std::to_string(bits);
    EXPECT_EQ(answer_to("permessage-deflate" + asked), kPlain + asked);
    EXPECT_EQ(agreement_on("permessage-deflate" + asked)->largest_compressed_message(),
              std::size_t{1} << bits);
  }
  EXPECT_EQ(answer_to("permessage-deflate; server_max_window_bits=\"10\""),
            std::string(kPlain) + "; server_max_window_bits=10");
  EXPECT_EQ(agreement_on("permessage-deflate")->largest_compressed_message(), 32768u);
}

// Section 7.1.2.2: the client may use any window, so it is not told one.

TEST(WsDeflateOfferTest, LeavesTheClientsWindowToTheClient) {
  for (const char* offered : {"", "=8", "=9", "=12", "=15", "=\"11\""}) {
    EXPECT_EQ(answer_to(std::string("permessage-deflate; client_max_window_bits") + offered),
              kPlain);
  }
}

// Sections 7.1.2.1, 7.1.2.2 and 7.1.3

TEST(WsDeflateOfferTest, DeclinesWhatIsNotAnOfferOfThisExtension) {
  for (const char* parameters :
       {"server_no_context_takeover=1", "client_no_context_takeover=true", "server_max_window_bits",
        "server_max_window_bits=7", "server_max_window_bits=16", "server_max_window_bits=08",
        "server_max_window_bits=+9", "server_max_window_bits=1000000000000",
        "client_max_window_bits=7", "client_max_window_bits=16", "client_max_window_bits=010",
        "client_max_window_bits=x", "unknown",
        "server_max_window_bits=10; server_max_window_bits=10",
        "client_max_window_bits; client_max_window_bits=10",
        "server_no_context_takeover; Server_No_Context_Takeover",
        "client_no_context_takeover; unknown=1"}) {
    EXPECT_EQ(answer_to(std::string("permessage-deflate; ") + parameters), "none") << parameters;
  }
  EXPECT_EQ(answer_to(""), "none");
  EXPECT_EQ(answer_to("permessage-bzip2; level=9, mux"), "none");
}

TEST(WsDeflateOfferTest, DeclinesManyParametersWithoutComparingThemAll) {
  std::string offer = "permessage-deflate";
  for (int i = 0; i < 1000; ++i) offer += "; p" + std::to_string(i);
  EXPECT_EQ(answer_to(offer), "none");
}

// Section 5.2: a client lists alternatives, best first.

TEST(WsDeflateOfferTest, AcceptsTheFirstOfferThatItCan) {
  EXPECT_EQ(answer_to("permessage-deflate; server_max_window_bits=10, permessage-deflate"),
            std::string(kPlain) + "; server_max_window_bits=10");
  EXPECT_EQ(answer_to("permessage-deflate; unknown, permessage-deflate; server_max_window_bits=7, "
                      "permessage-deflate; server_max_window_bits=9, permessage-deflate"),
            std::string(kPlain) + "; server_max_window_bits=9");
}

}  // namespace
}  // namespace stampede::test
