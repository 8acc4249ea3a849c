/** Driver of networks that span a cluster, as Docker calls it. */
export declare const OVERLAY = "overlay";
