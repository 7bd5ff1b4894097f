/** After how long without a byte edges cut a connection as Debian packages them, in milliseconds. */
export const packagedTimeouts = {
  /** `timeout client` and `timeout server` of `/etc/haproxy/haproxy.cfg`. HAProxy itself has none. */
  haproxyMs: 50_000,
  /** @see https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_timeout */
  nginxStreamMs: 600_000,
  /** @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout */
  nginxHttpMs: 60_000,
} as const
