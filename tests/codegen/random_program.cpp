#include "random_program.h"

#include <vector>

#include "codegen/ir/type.h"

namespace mlffgen::test {

using ir::Domain;
using ir::Kind;
using ir::Type;

namespace {

struct Variable {
  std::string name;
  Type type;
};

class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  std::string run() {
    text_ = "def squash(x, y):\n  z = tanh(x)\n  return z * sigmoid(y), z\n\n";
    add("embedding(element, \"e\", 3)", {Domain::element, Kind::scalar, 3});
    add("per_element(element, \"p\") + 0.3", {Domain::element, Kind::scalar, 1});
    add("zeros(vector, 3)", {Domain::atom, Kind::vector, 3});
    add("exp(-0.5 * distance)", {Domain::radial, Kind::scalar, 1});
    add("cosine_cutoff(distance)", {Domain::radial, Kind::scalar, 1});
    add(radial_basis(), {Domain::radial, Kind::scalar, 3});
    add("direction", {Domain::pair, Kind::vector, 1});
    // Something of every domain, so that every template finds operands.
    sum_over_neighbours(Kind::scalar);
    sum_over_neighbours(Kind::vector);
    const int statements = 6 + random_.below(9);
    for (int k = 0; k < statements; ++k) statement();
    finish();
    return text_;
  }

 private:
  std::string weight_name() { return "\"w" + std::to_string(++weights_) + "\""; }

  std::string add(const std::string& expression, const Type& type) {
    const std::string name = "x" + std::to_string(variables_.size());
    text_ += name + " = " + expression + "\n";
    variables_.push_back({name, type});
    return name;
  }

  std::string radial_basis() {
    switch (random_.below(4)) {
      case 0:
        return "bessel(distance, 3) * polynomial_cutoff(distance, 5)";
      case 1:
        return "gaussian(distance, "
               "weight(\"o\", 3, initial=\"range\"), weight(\"g\", 3, initial=\"spacing\"))";
      case 2:
        return "exp(-0.3 * sequence(1, 3) * distance)";
      default:
        return "concat(exp(-distance), cos(distance) * exp(-distance), 1 / (1 + distance ** 2))";
    }
  }

  template <typename Predicate>
  const Variable* pick(const Predicate& fits) {
    std::vector<const Variable*> found;
    for (const Variable& v : variables_) {
      if (fits(v.type)) found.push_back(&v);
    }
    return found.empty() ? nullptr : found[static_cast<std::size_t>(random_.below(static_cast<int>(found.size())))];
  }

  // Any value of the kind; the newest more often than not, so that programs grow deep.
  Variable any(Kind kind) {
    if (variables_.back().type.kind == kind && random_.below(2) == 0) return variables_.back();
    return *pick([&](const Type& t) { return t.kind == kind; });
  }

  // A value that can stand in one expression with one of the type: gathered from its atom if need be.
  Variable partner(const Type& type, Kind kind) {
    const bool of_pair = ir::is_per_pair(type.domain);
    const Variable* v = pick([&](const Type& t) {
      return t.kind == kind && (t.channels == 1 || type.channels == 1 || t.channels == type.channels) &&
             (of_pair || !ir::is_per_pair(t.domain));
    });
    if (!v) return {"1.5", {Domain::constant, Kind::scalar, 1}};
    Variable result = *v;
    if (of_pair && ir::is_per_atom(v->type.domain)) {
      result.name += random_.below(2) == 0 ? "[i]" : "[j]";
      result.type.domain = Domain::pair;
    }
    return result;
  }

  static Domain join(Domain a, Domain b) {
    if (a == b || b == Domain::constant) return a;
    if (a == Domain::constant) return b;
    return ir::is_per_pair(a) ? Domain::pair : Domain::atom;
  }

  static Type combined(const Type& a, const Type& b, Kind kind) {
    return {join(a.domain, b.domain), kind, a.channels > b.channels ? a.channels : b.channels};
  }

  void statement() {
    switch (random_.below(9)) {
      case 0:
        return nonlinearity();
      case 1:
        return linear_map();
      case 2:
        return binary_scalar();
      case 3:
        return binary_vector();
      case 4:
        return rearrangement();
      case 5:
        return sum_over_neighbours(Kind::scalar);
      case 6:
        return sum_over_neighbours(Kind::vector);
      case 7:
        return vector_to_scalar();
      default:
        return accumulate();
    }
  }

  void nonlinearity() {
    static const std::vector<std::string> kTemplates = {"exp(-softplus(X))",
                                                        "log(1.5 + sigmoid(X))",
                                                        "sqrt(softplus(X) + 0.1)",
                                                        "sin(X)",
                                                        "cos(X)",
                                                        "tanh(X)",
                                                        "sigmoid(X)",
                                                        "silu(X)",
                                                        "softplus(X)",
                                                        "shifted_softplus(X)",
                                                        "tanh(X) ** 2",
                                                        "1 / (1 + tanh(X) ** 2)",
                                                        "(2 + sin(X)) ** 0.5",
                                                        "-X",
                                                        "squash(X, X)[0]"};
    const Variable x = any(Kind::scalar);
    std::string text = kTemplates[static_cast<std::size_t>(random_.below(static_cast<int>(kTemplates.size())))];
    for (std::size_t at = text.find('X'); at != std::string::npos; at = text.find('X', at + x.name.size())) {
      text.replace(at, 1, x.name);
    }
    add(text, x.type);
  }

  void linear_map() {
    const Kind kind = random_.below(3) == 0 ? Kind::vector : Kind::scalar;
    const Variable x = any(kind);
    const int channels = 1 + random_.below(4);
    const Type type = {x.type.domain, kind, channels};
    const std::string tail = weight_name() + ", " + std::to_string(channels);
    if (kind == Kind::vector && random_.below(4) == 0) {
      add("cartesian_mix(" + x.name + ", " + weight_name() + ")", x.type);
    } else if (kind == Kind::vector) {
      add("mix(" + x.name + ", " + tail + ")", type);
    } else {
      add("linear(" + x.name + ", " + tail + (random_.below(2) == 0 ? ", bias=false)" : ")"), type);
    }
  }

  void binary_scalar() {
    const Variable a = any(Kind::scalar);
    const Variable b = partner(a.type, Kind::scalar);
    static const std::vector<std::string> kOperators = {" + ", " - ", " * "};
    add(a.name + kOperators[static_cast<std::size_t>(random_.below(3))] + b.name,
        combined(a.type, b.type, Kind::scalar));
  }

  void binary_vector() {
    const Variable v = any(Kind::vector);
    if (random_.below(2) == 0) {
      const Variable s = partner(v.type, Kind::scalar);
      add("tanh(" + s.name + ") * " + v.name, combined(v.type, s.type, Kind::vector));
      return;
    }
    const Variable w = partner(v.type, Kind::vector);
    if (w.type.kind == Kind::vector) add(v.name + " - " + w.name, combined(v.type, w.type, Kind::vector));
  }

  void rearrangement() {
    const Variable x = any(random_.below(2) == 0 ? Kind::scalar : Kind::vector);
    Type type = x.type;
    switch (random_.below(4)) {
      case 0:
        type.channels = 1;
        add("sum_channels(" + x.name + ")", type);
        return;
      case 1:
        type.channels *= 2;
        if (type.channels <= 8) add("concat(" + x.name + ", 0.5 * " + x.name + ")", type);
        return;
      case 2:
        add("split(" + x.name + ", 1)[0]", type);
        return;
      default:
        if (type.channels < 2) return;
        add(x.name + "[1:" + std::to_string(type.channels) + "]", {type.domain, type.kind, type.channels - 1});
    }
  }

  void sum_over_neighbours(Kind kind) {
    const Variable w = *pick([](const Type& t) { return t.domain == Domain::radial; });
    const Variable x = partner(w.type, Kind::scalar);
    const Type type = combined(w.type, x.type, Kind::scalar);
    if (kind == Kind::scalar) {
      add("sum_j(" + w.name + " * " + x.name + ")", {Domain::atom, kind, type.channels});
      return;
    }
    const Variable v = partner({Domain::pair, kind, type.channels}, kind);
    const int channels = v.type.channels > type.channels ? v.type.channels : type.channels;
    add("sum_j(" + w.name + " * tanh(" + x.name + ") * " + v.name + ")", {Domain::atom, kind, channels});
  }

  void vector_to_scalar() {
    const Variable v = any(Kind::vector);
    Type type = v.type;
    type.kind = Kind::scalar;
    if (random_.below(2) == 0) {
      add("norm(" + v.name + ", 0.1)", type);
      return;
    }
    const Variable w = partner(v.type, Kind::vector);
    if (w.type.kind == Kind::vector) add("dot(" + v.name + ", " + w.name + ")", combined(v.type, w.type, Kind::scalar));
  }

  void accumulate() {
    const Variable* x = pick([](const Type& t) { return t.domain == Domain::atom && t.kind == Kind::scalar; });
    if (!x) return;
    const Variable y = *x;
    add(y.name, y.type);
    text_ += "for k in 2:\n  if k == 1:\n    " + variables_.back().name + " += 0.1 * (k + 1) * tanh(" + y.name + ")\n";
  }

  void finish() {
    std::string total;
    for (const Variable& v : variables_) {
      if (!ir::is_per_atom(v.type.domain)) continue;
      const std::string scalar = v.type.kind == Kind::vector ? "dot(" + v.name + ", " + v.name + ")" : v.name;
      if (total.empty() || random_.below(3) > 0) {
        total += (total.empty() ? "" : " + ") + std::string("linear(tanh(") + scalar + "), " + weight_name() + ", 1)";
      }
    }
    const Variable last = partner({Domain::radial, Kind::scalar, 1}, Kind::scalar);
    total += " + sum_channels(sum_j(exp(-distance) * (1.5 + sin(" + last.name + "))))";
    text_ += "energy = sum_i(" + total + ")\n";
  }

  Random& random_;
  std::string text_;
  std::vector<Variable> variables_;
  int weights_ = 0;
};

}  // namespace

std::string random_program(Random& random) { return Writer(random).run(); }

}  // namespace mlffgen::test
