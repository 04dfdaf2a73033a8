// The topic that all events travel on, and its subscriptions.

param name string
param location string
param tags { *: string }
@allowed(['Standard', 'Premium'])
param sku string
param publicNetworkAccess string
@description('Object id of the app\'s identity.')
param principalId string
@description('Object ids of the bots and systems that send to the topic themselves.')
param senderPrincipalIds string[]

var serviceBusDataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
var serviceBusDataReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'

var premium = sku == 'Premium'

// Written from the catalogue of event types, for the emulator and for Azure.
var declared = loadJsonContent('../emulators/service-bus.json', 'UserConfig.Namespaces[0].Topics[0]')
var subscriptions = [
  for each in declared.Subscriptions: {
    name: each.Name
    properties: each.Properties
    rule: each.Rules[0].Properties
  }
]

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku, tier: sku, ...(premium ? { capacity: 1 } : {}) }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    ...(premium ? { premiumMessagingPartitions: 1 } : {})
    publicNetworkAccess: publicNetworkAccess
  }
}

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = {
  parent: namespace
  name: declared.Name
  properties: {
    // A month closes a day after the last message that may speak of it is gone: it stays open for 8 days at least.
    defaultMessageTimeToLive: 'P7D'
    requiresDuplicateDetection: declared.Properties.RequiresDuplicateDetection
    // The most that the tier allows. When the messages of all subscriptions fill it, senders are refused.
    maxSizeInMegabytes: premium ? 81920 : 5120
  }
}

resource subscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [
  for each in subscriptions: {
    parent: topic
    name: each.name
    properties: {
      deadLetteringOnMessageExpiration: each.properties.DeadLetteringOnMessageExpiration
      defaultMessageTimeToLive: 'P7D'
      lockDuration: each.properties.LockDuration
      maxDeliveryCount: each.properties.MaxDeliveryCount
      requiresSession: each.properties.RequiresSession
    }
  }
]

// A new subscription has a rule of this name that lets everything through. Any other name would leave it standing.
resource rule 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2024-01-01' = [
  for (each, i) in subscriptions: {
    parent: subscription[i]
    name: '$Default'
    properties: each.rule.FilterType == 'Sql'
      ? { filterType: 'SqlFilter', sqlFilter: { sqlExpression: each.rule.SqlFilter.SqlExpression } }
      : { filterType: 'CorrelationFilter', correlationFilter: { label: each.rule.CorrelationFilter.Label } }
  }
]

resource sends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, principalId, serviceBusDataSender)
  scope: topic
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
  }
}

// Whatever kind of principal each of them is.
resource othersSend 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in senderPrincipalIds: {
    name: guid(topic.id, each, serviceBusDataSender)
    scope: topic
    properties: {
      principalId: each
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
    }
  }
]

resource receives 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (each, i) in subscriptions: {
    name: guid(subscription[i].id, principalId, serviceBusDataReceiver)
    scope: subscription[i]
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataReceiver)
    }
  }
]

output id string = namespace.id
output fullyQualifiedName string = replace(
  replace(namespace.properties.serviceBusEndpoint, 'https://', ''),
  ':443/',
  ''
)
