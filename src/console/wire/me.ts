import { z } from 'zod'

/** `GET /api/v1/me`: who asks, and what they may see and change; 403 for whoever has no role. */
export const me = z
  .strictObject({
    kind: z.enum(['person', 'service-account']),
    /** The id that the provider gives, or the service account's. */
    user: z.string(),
    /** The best name there is: a name, an email address or an id. */
    name: z.string(),
    email: z.string().nullable(),
    role: z.enum(['admin', 'auditor']),
    /** Null where the role is of everything; an auditor with some changes what is in them. */
    namespaces: z.array(z.string()).nullable(),
  })
  .meta({ id: 'Me' })
export type Me = z.output<typeof me>
