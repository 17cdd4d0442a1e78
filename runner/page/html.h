#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "page/facts.h"
#include "store/table.h"

namespace cambium::page {

/// Any text as it is shown, within an element or an attribute in double quotes; what is no UTF-8, and control
/// characters, as the replacement character.
std::string escaped(std::string_view text);

/// JSON for a script element: no value of it can end the element.
std::string script_json(const Json& json);

/// A table with a caption for who hears it; numbers to the right, with four digits that count.
std::string html_table(const Table& table, std::string_view caption);

/// Paragraphs of a text, apart by empty lines.
std::string paragraphs(std::string_view text);

std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace cambium::page
