// The constants of a time step as the step's own text takes them (templates/dynamics_step.h).
#pragma once

#include "runtime/md/systems.h"
#include "templates/dynamics_step.h"

namespace mlffgen::md {

MlffDynamics step_constants(const Dynamics& dynamics, const Units& units);

}  // namespace mlffgen::md
