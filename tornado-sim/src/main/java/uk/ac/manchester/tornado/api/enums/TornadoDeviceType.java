package uk.ac.manchester.tornado.api.enums;

/** What kind of device it is. */
public enum TornadoDeviceType {
    CPU,
    GPU
}
