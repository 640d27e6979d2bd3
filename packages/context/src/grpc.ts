export { routeClientInterceptor } from "./grpc-client.ts";
export { routeServerInterceptor } from "./grpc-server.ts";
