/** The release this is; the build fails when it differs from package.json. */
export const version = '0.1.0'
