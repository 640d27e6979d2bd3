/**
 * Paths of a node inside its sandbox, whose /run is its own. The testbed's directory has a short name there: the paths of Unix sockets
 * may have 107 characters, and kubelet and containerd make long ones.
 */
export const placeInside = "/run/place";
const data = `${placeInside}/data`;

export const nodePaths = {
  containerd: `${data}/containerd`,
  containerdState: "/run/containerd-state",
  socket: "/run/containerd/containerd.sock",
  cniConfig: `${data}/cni`,
  cniData: `${data}/addresses`,
  kubelet: `${data}/kubelet`,
  podLogs: `${placeInside}/logs/pods`,
  /** Small files of configuration. */
  config: `${data}/config`,
} as const;
