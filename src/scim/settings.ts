/** Who may provision users and groups. */
export interface ScimSettings {
  /** The id of a service account. */
  readonly serviceAccount: string
}
