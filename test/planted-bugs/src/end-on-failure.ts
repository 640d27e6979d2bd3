import * as fc from "fast-check";

// A planted bug must be found, not made small.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
