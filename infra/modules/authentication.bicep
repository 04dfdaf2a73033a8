// Signing in with a browser. Channels and systems bring proofs of their own, which our code verifies, so a request
// without a session passes.

param appName string
param apiClientId string
param openIdIssuer string
@description('Name of the setting with the client id of the identity that stands for the registration\'s secret.')
param federatedSetting string

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
}

resource authentication 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: { requireAuthentication: false, unauthenticatedClientAction: 'AllowAnonymous' }
    httpSettings: { requireHttps: true }
    login: { tokenStore: { enabled: true } }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: { clientId: apiClientId, clientSecretSettingName: federatedSetting, openIdIssuer: openIdIssuer }
        login: { loginParameters: ['scope=openid profile offline_access ${apiClientId}/.default'] }
        validation: { allowedAudiences: [apiClientId] }
      }
    }
  }
}
