/** Whether the service runs where there are no workers and little memory. */
export function runtime(): "workerd" | "process" {
  const { navigator } = globalThis as { navigator?: { userAgent?: string } };
  return navigator?.userAgent === "Cloudflare-Workers" ? "workerd" : "process";
}
