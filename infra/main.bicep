// Everything that Patchbay needs, in one resource group. docs/operations/deploy.md tells how, and has each parameter.

targetScope = 'resourceGroup'
import { listed } from 'modules/lists.bicep'

@description('What this deployment is called: `dev`, `prod`.')
@minLength(1)
@maxLength(20)
param environmentName string
param location string = resourceGroup().location

@description('Whether instances are spread over the region\'s zones: two of each function group then always run, and are billed.')
param zoneRedundantApp bool = false
@description('Whether Cosmos DB and the tenants\' storage are spread over the region\'s zones.')
param zoneRedundantData bool = false
@description('Whether the services are reached over private endpoints only. HTTP stays public, for the channels.')
param privateNetwork bool = false
@description('Premium has private endpoints, and machines of its own.')
@allowed(['Standard', 'Premium'])
param serviceBusSku string = 'Standard'
@description('Request units per second that Cosmos DB may scale to, in steps of 1,000; 0 is serverless.')
@minValue(0)
param cosmosMaxThroughput int = 0
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 100
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512
@description('Six fields, UTC: how often conversations that need attention are looked after.')
param sweepSchedule string = '0 * * * * *'
@description('Six fields, UTC: when months are rolled up and closed.')
param usageSchedule string = '0 30 2 * * *'
@description('What one tenant may ask of and send to one instance in the long run; 0 is no limit.')
@minValue(0)
param requestsPerSecond int = 100
param eventsPerSecond int = 1000
param bytesPerSecond int = 4194304
@description('Which part of all traces is kept, from 0 to 1.')
param tracesRatio string = '0.04'
@description('Client id of the registration that access tokens are issued for; empty: nobody but channels comes in.')
param apiClientId string = ''
@description('JSON: the tenants of each person or system, by object id.')
param grants string = '{}'
param settingPrefixes string = '{}'
@description('Whether people may sign in with a browser, through App Service authentication.')
param signIn bool = false
param botMetadata string = 'https://login.botframework.com/v1/.well-known/openidconfiguration'
@description('Names of settings, separated by commas, whose values are secrets of the vault.')
param vaultSettings string = ''
@description('Whether the vault that an earlier deployment of this name left behind is recovered. It fails if there is none.')
param recoverKeyVault bool = false

@description('Object id of the person or group that puts secrets into the vault.')
param operatorPrincipalId string = ''
@description('Object ids, separated by commas, of the bots and systems that send to the topic.')
param senderPrincipalIds string = ''
@description('Addresses that alerts go to, separated by commas.')
param alertEmails string = ''
@description('Days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

// Refused here, before anything is made.
var signInWithClient = signIn && empty(trim(apiClientId))
  ? fail('signIn: it needs apiClientId, the registration\'s client id')
  : signIn
var cosmosThroughput = cosmosMaxThroughput % 1000 == 0
  ? cosmosMaxThroughput
  : fail('cosmosMaxThroughput: ${cosmosMaxThroughput} is neither 0 nor a multiple of 1000')
// Named, so that what is no JSON is refused with these names.
var grantsByCaller = string(json(grants))
var settingPrefixesByTenant = string(json(settingPrefixes))

var token = uniqueString(resourceGroup().id, environmentName)
var tags = { 'azd-env-name': environmentName }

module identity 'modules/identity.bicep' = {
  params: { name: 'id-patchbay-${token}', location: location, tags: tags }
}

module services 'modules/services.bicep' = {
  params: {
    token: token
    location: location
    tags: tags
    zoneRedundantApp: zoneRedundantApp
    zoneRedundantData: zoneRedundantData
    privateNetwork: privateNetwork
    serviceBusSku: serviceBusSku
    cosmosMaxThroughput: cosmosThroughput
    recoverKeyVault: recoverKeyVault
    operatorPrincipalId: operatorPrincipalId
    senderPrincipalIds: listed('senderPrincipalIds', senderPrincipalIds)
    principalId: identity.outputs.principalId
  }
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    token: token
    location: location
    tags: tags
    logRetentionDays: logRetentionDays
    principalId: identity.outputs.principalId
    serviceBusId: services.outputs.serviceBusId
    cosmosId: services.outputs.cosmosId
    audited: services.outputs.audited
    alertEmails: listed('alertEmails', alertEmails)
  }
}

module functionApp 'modules/functionApp.bicep' = {
  params: {
    token: token
    location: location
    tags: tags
    zoneRedundant: zoneRedundantApp
    subnetId: services.outputs.functionsSubnetId
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostStorageName: services.outputs.hostStorageName
    deploymentUri: services.outputs.deploymentUri
    serviceBusName: services.outputs.serviceBusName
    cosmosEndpoint: services.outputs.cosmosEndpoint
    cosmosDatabaseName: services.outputs.cosmosDatabaseName
    blobServiceUri: services.outputs.blobServiceUri
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    keyVaultName: services.outputs.keyVaultName
    sweepSchedule: sweepSchedule
    usageSchedule: usageSchedule
    perSecond: { requests: requestsPerSecond, events: eventsPerSecond, bytes: bytesPerSecond }
    tracesRatio: tracesRatio
    apiClientId: apiClientId
    grants: grantsByCaller
    settingPrefixes: settingPrefixesByTenant
    botMetadata: botMetadata
    signIn: signInWithClient
    vaultSettings: listed('vaultSettings', vaultSettings)
  }
}

output PATCHBAY_APP string = functionApp.outputs.name
output PATCHBAY_URL string = functionApp.outputs.url
output PATCHBAY_IDENTITY string = identity.outputs.principalId
output PATCHBAY_KEY_VAULT string = services.outputs.keyVaultName
output PATCHBAY_SERVICE_BUS string = services.outputs.serviceBusName
