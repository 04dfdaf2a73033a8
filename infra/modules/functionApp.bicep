// The app on Flex Consumption, and every setting that it or its host reads.

param token string
param location string
param tags { *: string }
param zoneRedundant bool
@description('Subnet that the instances run in; empty: none.')
param subnetId string
param maximumInstanceCount int
param instanceMemoryMB int

param identityId string
param identityClientId string

param hostStorageName string
param deploymentUri string
param serviceBusName string
param cosmosEndpoint string
param cosmosDatabaseName string
param blobServiceUri string
param applicationInsightsConnectionString string
param keyVaultName string

param sweepSchedule string
param usageSchedule string
@description('What one tenant may ask of and send to one instance in the long run.')
param perSecond { requests: int, events: int, bytes: int }
param tracesRatio string
param apiClientId string
param grants string
@description('How the names of settings may begin that tenants name as secrets, beside their own.')
param settingPrefixes string
param botMetadata string
@description('Whether App Service authentication lets people sign in.')
param signIn bool
@description('Names of settings whose values are secrets of the vault.')
param vaultSettings string[]

var authority = '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
// App Service proves the registration by the app's identity where this setting takes the place of a secret.
var federated = 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'

var ownSettings = [
  { name: 'AzureWebJobsStorage__accountName', value: hostStorageName }
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
  { name: 'AzureWebJobsStorage__clientId', value: identityClientId }
  { name: 'AZURE_CLIENT_ID', value: identityClientId }
  { name: 'SERVICE_BUS__fullyQualifiedNamespace', value: serviceBusName }
  { name: 'SERVICE_BUS__credential', value: 'managedidentity' }
  { name: 'SERVICE_BUS__clientId', value: identityClientId }
  { name: 'COSMOS__accountEndpoint', value: cosmosEndpoint }
  { name: 'PATCHBAY_COSMOS_DATABASE', value: cosmosDatabaseName }
  { name: 'STORAGE__blobServiceUri', value: blobServiceUri }
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: applicationInsightsConnectionString }
  { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${identityClientId};Authorization=AAD' }
  { name: 'OTEL_TRACES_SAMPLER', value: 'microsoft.fixed_percentage' }
  { name: 'OTEL_TRACES_SAMPLER_ARG', value: tracesRatio }
  { name: 'PYTHON_ENABLE_OPENTELEMETRY', value: 'true' }
  { name: 'SWEEP_SCHEDULE', value: sweepSchedule }
  { name: 'USAGE_SCHEDULE', value: usageSchedule }
  { name: 'PATCHBAY_AUTHORITY', value: authority }
  { name: 'PATCHBAY_AUDIENCE', value: apiClientId }
  { name: 'PATCHBAY_GRANTS', value: grants }
  { name: 'PATCHBAY_SECRET_PREFIXES', value: settingPrefixes }
  { name: 'PATCHBAY_APP_SERVICE_AUTHENTICATION', value: signIn ? 'true' : 'false' }
  { name: 'PATCHBAY_BOT_METADATA', value: botMetadata }
  { name: 'PATCHBAY_REQUESTS_PER_SECOND', value: string(perSecond.requests) }
  { name: 'PATCHBAY_EVENTS_PER_SECOND', value: string(perSecond.events) }
  { name: 'PATCHBAY_BYTES_PER_SECOND', value: string(perSecond.bytes) }
]
var signInSettings = signIn
  ? [
      { name: federated, value: identityClientId }
      // Without it App Service lets people of every directory in.
      { name: 'WEBSITE_AUTH_AAD_ALLOWED_TENANTS', value: tenant().tenantId }
    ]
  : []
var given = map(concat(ownSettings, signInSettings), each => toLower(each.name))
var doubled = filter(vaultSettings, each => contains(given, toLower(each)))
var settingsOfVault = empty(doubled) ? vaultSettings : fail('vaultSettings: ${join(doubled, ', ')} has a value already')
// The names of a vault's secrets have no underscores.
var secrets = [
  for each in settingsOfVault: {
    name: each
    value: '@Microsoft.KeyVault(VaultName=${keyVaultName};SecretName=${replace(each, '_', '-')})'
  }
]

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-patchbay-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: 'func-patchbay-${token}'
  location: location
  tags: union(tags, { 'azd-service-name': 'functions' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    ...(empty(subnetId) ? {} : { virtualNetworkSubnetId: subnetId })
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentUri
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: { maximumInstanceCount: maximumInstanceCount, instanceMemoryMB: instanceMemoryMB }
    }
    siteConfig: {
      appSettings: concat(ownSettings, signInSettings, secrets)
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }
}

// Deployment goes through Entra ID only. One after the other, since each changes the app's configuration.
resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
  dependsOn: [ftp]
}

module authentication 'authentication.bicep' = if (signIn) {
  params: {
    appName: app.name
    apiClientId: apiClientId
    openIdIssuer: authority
    federatedSetting: federated
  }
  dependsOn: [scm]
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
