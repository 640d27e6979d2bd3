import { describeInterleaving } from "../test/interleaved.ts";

describeInterleaving("without OpenTelemetry");
