/** Which addresses only this machine reaches. Resolves no name. */

/** RFC 1122, RFC 4291. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
