import { z } from 'zod'
import type { ScimSettings } from '../../scim/settings.ts'
import { key, type Key } from '../../setting-key.ts'
import * as values from '../../setting-values.ts'

const scim: z.ZodType<ScimSettings> = z
  .strictObject({ service_account: values.text })
  .transform(({ service_account: serviceAccount }) => ({ serviceAccount }))

/** The key about users and groups that the company's directory writes. */
export const scimKeys = {
  scim: key({
    schema: scim,
    type: '`{service_account}`',
    without: 'nobody may, and what was provisioned before does not count',
    variable: 'none',
    doc: "Which service account may write users and groups by SCIM 2.0, at `/scim/v2`: that of the company's directory. Policies see the groups, and who is deactivated there may do nothing here.",
  }),
} as const satisfies Record<string, Key<unknown>>
