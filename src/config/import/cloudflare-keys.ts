// What Cloudflare's API tells of applications and policies that restricts nothing here. Whatever is not in these
// lists is kept as it stands, so that it does not load instead of being passed over.

/** Of an application: bookkeeping, looks, and what applies to HTTP requests alone. */
export const meaninglessApplicationKeys: ReadonlySet<string> = new Set([
  'account_id',
  'allow_authenticate_via_warp',
  'allow_iframe',
  'app_launcher_logo_url',
  'app_launcher_visible',
  'aud',
  'auto_redirect_to_identity',
  'bg_color',
  'cors_headers',
  'created_at',
  'custom_deny_message',
  'custom_deny_url',
  'custom_non_identity_deny_url',
  'custom_pages',
  'domain_type',
  'enable_binding_cookie',
  'footer_links',
  'header_bg_color',
  'http_only_cookie_attribute',
  'id',
  'landing_page_design',
  'logo_url',
  'options_preflight_bypass',
  'path_cookie_attribute',
  'same_site_cookie_attribute',
  'scim_config',
  'service_auth_401_redirect',
  'skip_app_launcher_login_page',
  'skip_interstitial',
  'tags',
  'uid',
  'updated_at',
  'use_clientless_isolation_app_launcher_url',
])

/** Of a policy: bookkeeping. */
export const meaninglessPolicyKeys: ReadonlySet<string> = new Set([
  'account_id',
  'app_count',
  'created_at',
  'id',
  'precedence',
  'reusable',
  'uid',
  'updated_at',
])

/** Whether a setting says something: `false`, nothing and an empty list say that it is off. */
export function isOn(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  return !Array.isArray(value) || value.length > 0
}
