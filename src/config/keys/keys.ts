import * as values from '../../setting-values.ts'
import { z } from 'zod'
import { key, textKey, type Key, type ValuesOf } from '../../setting-key.ts'
import { administratorKeys } from './administrator-keys.ts'
import { autocertKeys } from './autocert-keys.ts'
import { downloadKeys } from './download-keys.ts'
import { forwardKeys } from './forward-keys.ts'
import { limitKeys } from './limit-keys.ts'
import { logKeys } from './log-keys.ts'
import { portKeys } from './port-keys.ts'
import { tracingKeys } from './tracing-keys.ts'
import { scimKeys } from './scim-keys.ts'
import { sshCaKeys } from './ssh-ca-keys.ts'
import { sessionKeys } from './session-keys.ts'
import { signInKeys } from './sign-in-keys.ts'

/** Every key outside of the routes; names and meanings are Pomerium's. */
export const globalKeys = {
  ...portKeys,
  ...autocertKeys,
  ...signInKeys,
  ...sessionKeys,
  ...limitKeys,
  ...logKeys,
  ...tracingKeys,
  ...forwardKeys,
  ...sshCaKeys,
  ...scimKeys,
  ...downloadKeys,
  ...administratorKeys,
  identity_providers: key({
    // As with the routes, each entry is read by itself.
    schema: z.record(z.string(), z.unknown()),
    type: 'mapping of ids to providers',
    variable: 'none',
    without: 'the one that the keys `idp_*` name',
    doc: 'Further identity providers, between which people choose, see below.',
  }),
  // No variable: `DIRECTORY` may well be somebody else's.
  directory: textKey(values.path, 'path', {
    variable: 'none',
    without: 'none: groups are those that the provider sends',
    doc: 'File that puts people in groups, see below; for providers that send none. The criterion `groups` sees its groups and those of the provider.',
  }),
  access: key({
    // As with the routes, each entry is read by itself.
    schema: z.array(z.unknown()),
    type: 'list of applications',
    default: [],
    variable: 'none',
    doc: 'Applications: services that are reached by a host name alone, by `postern access` and stock `cloudflared access`, see below.',
  }),
  sites: key({
    // Its entries are checked one by one, so that a fault in one does not hide those of the others.
    schema: z.array(z.unknown()),
    type: 'list of `{name, publish, certificate_file, certificate_key_file, dns}`',
    default: [],
    variable: 'none',
    doc: 'The zones below which people may publish services of their own, see below.',
  }),
  // STATE_DIRECTORY is systemd's before it is ours: a default, which the file overrides.
  state_directory: textKey(values.path, 'path', {
    variable: 'none',
    without:
      '`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/postern/gateway`, else `~/.local/state/postern/gateway`',
    doc: 'Where sessions and generated keys live.',
  }),
  policies: key({
    // As with the routes, each entry is read by itself.
    schema: z.array(z.unknown()),
    type: 'list of named policies',
    default: [],
    variable: 'none',
    doc: 'Policies that routes name in `policy_names`, see below.',
  }),
  routes: key({
    schema: z.array(z.unknown()),
    type: 'list of routes',
    default: [],
    variable: 'base64-yaml',
    doc: 'The routes, see below.',
  }),
} as const satisfies Record<string, Key<unknown>>

export type GlobalValues = ValuesOf<typeof globalKeys>
export type GlobalKey = keyof typeof globalKeys

export const globalKeyNames = Object.keys(globalKeys) as readonly GlobalKey[]
