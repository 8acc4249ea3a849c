/** Driver of networks that span a cluster, as Docker calls it. */
export const OVERLAY = "overlay";
//# sourceMappingURL=overlay-name.js.map