const needsSsh =
  'it is about SSH sessions that end at the gateway, and tunnels only pass through it'

/**
 * Criteria of the language that cannot be honoured here, and why. They are faults at load, since a
 * criterion that silently never holds turns a `deny` into a hole.
 */
export const refusedCriteria: ReadonlyMap<string, string> = new Map([
  ['cors_preflight', 'a tunnel is opened with CONNECT, which is never a CORS preflight'],
  ['device', 'devices cannot be registered yet'],
  ['mcp_tool', 'it is about MCP servers, and routes lead to TCP services'],
  ['pomerium_routes', 'it is about the pages of Pomerium itself, and policies are about tunnels'],
  ['record', 'it reads external data, and there is none here'],
  ['rego', 'policies in Rego are not evaluated here'],
  ['ssh_ca', needsSsh],
  ['ssh_publickey', needsSsh],
  ['ssh_username', needsSsh],
  ['ssh_username_matches_claim', needsSsh],
  ['ssh_username_matches_email', needsSsh],
])
