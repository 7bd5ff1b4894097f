import { PeerError } from '../errors.ts'

/** The words of RFC 7644 §3.12 for what is wrong with a request. */
export type ScimType =
  | 'invalidFilter'
  | 'invalidPath'
  | 'invalidSyntax'
  | 'invalidValue'
  | 'mutability'
  | 'noTarget'
  | 'tooMany'
  | 'uniqueness'

/** A request that cannot be answered as it is asked for. */
export class ScimFault extends PeerError {
  readonly status: ScimStatus
  readonly scimType: ScimType | undefined

  constructor(status: ScimStatus, scimType: ScimType | undefined, message: string) {
    super(scimType === undefined ? 'scim-refused' : `scim-${scimType}`, message)
    this.status = status
    this.scimType = scimType
  }
}

export type ScimStatus = 400 | 401 | 404 | 409 | 412 | 413 | 501 | 503 | 507

export const invalidSyntax = (message: string): ScimFault =>
  new ScimFault(400, 'invalidSyntax', message)

export const invalidValue = (message: string): ScimFault =>
  new ScimFault(400, 'invalidValue', message)
