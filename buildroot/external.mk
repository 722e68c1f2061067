# What boards share and what differs, and what the image is put together from, lie beside this folder.
LUNETTE_PROJECT = $(abspath $(BR2_EXTERNAL_LUNETTE_PATH)/..)

include $(sort $(wildcard $(BR2_EXTERNAL_LUNETTE_PATH)/package/*/*.mk))
