#include "probe/check.h"
